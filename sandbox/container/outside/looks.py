"""What the host's kernel says of a guest that does nothing: its user, limits, names, network."""

from collections.abc import Mapping
from pathlib import Path

from sandbox.container.outside import groups
from sandbox.container.outside.stage import Guest, Stage
from sandbox.container.outside.verdicts import Verdict

_CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
_FILTERED = "2"  # seccomp(2): a filter, not the strict mode


def look(stage: Stage, guest: Guest) -> Mapping[str, Verdict]:
    """Look at one idle guest."""
    status = guest.status()
    held = [name for name in _CAPABILITIES if int(status.get(name, "1"), 16)]
    who = {*status.get("Uid", "").split(), *status.get("Gid", "").split()}
    group = {str(stage.ids(guest.spec).group)}
    names = _interfaces(guest.pid)
    return {
        "no_capabilities_seen": Verdict(not held, str(len(held))),
        "no_new_privileges_seen": Verdict(status.get("NoNewPrivs") == "1"),
        "filter_seen": Verdict(status.get("Seccomp") == _FILTERED),
        "own_user_seen": Verdict(who == group),
        "peer_seen": Verdict(guest.peer == stage.ids(guest.spec).peer),
        "own_process_ids_seen": Verdict(len(status.get("NSpid", "").split()) > 1),
        "own_users_seen": Verdict(_user_map(str(guest.pid)) != _user_map("self")),
        "loopback_only_seen": Verdict(names == ["lo"], str(len(names))),
        **_limits(guest),
    }


def _limits(guest: Guest) -> Mapping[str, Verdict]:
    """Whether the kernel holds the limits that were asked for."""
    found, asked = groups.of_process(guest.pid), guest.spec.limits
    memory = found.limit("memory", "memory.limit_in_bytes", "memory.max")
    swap = found.limit("memory", "memory.memsw.limit_in_bytes", "memory.swap.max")
    processes = found.limit("pids", "pids.max", "pids.max")
    return {
        "memory_limit_seen": Verdict(0 < memory <= asked.memory_bytes),
        # Version 1 counts memory and swap together, version 2 swap alone.
        "no_swap_seen": Verdict(swap in (0, asked.memory_bytes)),
        "process_limit_seen": Verdict(0 < processes <= max(asked.pids, _most_pids(guest))),
        "processor_limit_seen": Verdict(0 < found.cpus() <= asked.cpus),
    }


def _most_pids(guest: Guest) -> int:
    # gVisor's own threads count against the limit: see the run spec.
    return 512 if "runsc" in guest.spec.runtime else 0


def _user_map(pid: str) -> str:
    """How a process's users are mapped to the host's (user_namespaces(7))."""
    return Path("/proc", pid, "uid_map").read_text()


def _interfaces(pid: int) -> list[str]:
    lines = Path("/proc", str(pid), "net/dev").read_text().splitlines()[2:]
    return [line.partition(":")[0].strip() for line in lines]
