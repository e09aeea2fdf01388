"""Who a guest is, what it inherits, and what it can see of other processes."""

import contextlib
import os
import resource
import signal
import socket
from functools import partial
from pathlib import Path

from evals.probing.look import Probe, Verdict, lines, listing, name_of, status, works

FIRST_UID = 20_000
ENVIRONMENT = {
    *("PATH", "HOME", "LANG", "LC_CTYPE", "TZ", "HOSTNAME", "PWD"),
    *("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"),
    *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "HF_HUB_OFFLINE"),
}
# What stands where an SDK insists on a key.
NO_KEY = "none"
SECRETIVE = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")
RLIMITS = {
    "core": (resource.RLIMIT_CORE, 0),
    "nofile": (resource.RLIMIT_NOFILE, 16_384),
    "fsize": (resource.RLIMIT_FSIZE, 1 << 34),
    "memlock": (resource.RLIMIT_MEMLOCK, 64 * 1024),
    "msgqueue": (resource.RLIMIT_MSGQUEUE, 0),
    "sigpending": (resource.RLIMIT_SIGPENDING, 256),
    "cpu": (resource.RLIMIT_CPU, 7 * 24 * 3600),
}
FORKS = 600
FEW_PROCESSES = 16


def _unprivileged_user() -> Verdict:
    ids = {*os.getresuid(), *os.getresgid(), *os.getgroups()}
    return len(ids) == 1 and min(ids) >= FIRST_UID, str(len(ids))


def _no_capabilities() -> Verdict:
    sets = [value for name, value in status().items() if name.startswith("Cap")]
    held = [value for value in sets if int(value, 16)]
    return len(sets) == 5 and not held, str(len(held))  # noqa: PLR2004  # capabilities(7)


def _no_new_privileges() -> Verdict:
    value = status()["NoNewPrivs"]
    return value == "1", value


def _launcher_memory_closed() -> Verdict:
    paths = [Path("/proc/1", name) for name in ("mem", "maps", "environ", "auxv")]
    opened = sum(works(partial(_touch, path)) for path in paths)
    return opened == 0, str(opened)


def _touch(path: Path) -> None:
    with path.open("rb"):
        pass


def _launcher_descriptors_closed() -> Verdict:
    try:
        return False, str(len(listing("/proc/1/fd")))
    except OSError as error:
        return True, name_of(error.errno or 0)


def _own_processes_only() -> Verdict:
    count = sum(map(str.isdigit, listing("/proc")))
    return count <= FEW_PROCESSES, str(count)


def _environment_listed() -> Verdict:
    extra = set(os.environ) - ENVIRONMENT
    return not extra, str(len(extra))


def _no_credential_in_environment() -> Verdict:
    found = [
        name
        for name, value in os.environ.items()
        if value != NO_KEY and any(word in name.upper() for word in SECRETIVE)
    ]
    return not found, str(len(found))


def _no_foreign_descriptors() -> Verdict:
    # Besides the standard three: the one that lists them.
    found = [int(name) for name in listing("/proc/self/fd") if int(name) > 2]  # noqa: PLR2004
    return len(found) <= 1, str(len(found))


def _host_name_fixed() -> Verdict:
    return socket.gethostname() == "assay", ""


def _own_control_groups() -> Verdict:
    foreign = [line for line in lines("/proc/self/cgroup") if not line.endswith(":/")]
    return not foreign, str(len(foreign))


def _own_users() -> Verdict:
    first = lines("/proc/self/uid_map")[0].split()
    return first[:2] != ["0", "0"], ""


def _confined_by_a_security_module() -> Verdict:
    label = "".join(lines("/proc/self/attr/current")).strip("\0")
    return label not in {"", "unconfined", "kernel"}, ""


def _last_to_be_spared() -> Verdict:
    value = int(lines("/proc/self/oom_score_adj")[0])
    return value > 0, str(value)


def _processes_capped() -> Verdict:
    children: list[int] = []
    try:
        with contextlib.suppress(OSError):
            while len(children) < FORKS:
                child = os.fork()
                if child == 0:
                    signal.pause()
                    os._exit(0)
                children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return len(children) < FORKS, str(len(children))


def capped(limit: int, most: int) -> Verdict:
    """Whether a hard limit of getrlimit(2) is at most this."""
    hard = resource.getrlimit(limit)[1]
    return 0 <= hard <= most, str(hard)


PROBES: tuple[Probe, ...] = (
    _unprivileged_user,
    _no_capabilities,
    _no_new_privileges,
    _launcher_memory_closed,
    _launcher_descriptors_closed,
    _own_processes_only,
    _environment_listed,
    _no_credential_in_environment,
    _no_foreign_descriptors,
    _host_name_fixed,
    _own_control_groups,
    _own_users,
    _confined_by_a_security_module,
    _last_to_be_spared,
    _processes_capped,
)
