"""The run spec: one function, one table, compared field by field before a container starts.

Reasons stand beside the values; docs/sandbox.md prints them for people. Field names are those
of the Engine API's `POST /containers/create`.
"""

import hashlib
import json
from typing import Any

from evals import wire
from sandbox.container import labels
from sandbox.container.seccomp import profile_json
from sandbox.spec import ContainerSpec

RUN_DIR_INSIDE = "/assay"
LAUNCHER = ("/usr/bin/python3", "-I", "-S", "/opt/assay/evals/launcher.py")

# Fixed, because the daemon would otherwise tell the container's id or the host's settings.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 - the only writable home there is
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "OPENAI_BASE_URL": "http://127.0.0.1:8080/v1",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:8080",
    # Stock SDKs refuse to start without a key. This one opens nothing: the gateway drops it.
    "OPENAI_API_KEY": "none",
    "ANTHROPIC_API_KEY": "none",
    # Without it a program tries for half a minute to reach a hub before it says that it cannot.
    "HF_HUB_OFFLINE": "1",
}

_HIDDEN_PROC = (
    "acpi asound bootconfig buddyinfo bus cgroups cmdline config.gz consoles cpuinfo crypto"
    " devices diskstats dma driver dynamic_debug execdomains fb filesystems fs interrupts iomem"
    " ioports irq kallsyms kcore key-users keys kmsg kpagecgroup kpagecount kpageflags"
    " latency_stats loadavg locks mdstat meminfo misc modules mtrr pagetypeinfo partitions"
    " pressure sched_debug schedstat scsi slabinfo softirqs stat swaps sysrq-trigger timer_list"
    " timer_stats tty uptime version version_signature vmallocinfo vmstat zoneinfo"
)
MASKED_PATHS = (
    *(f"/proc/{name}" for name in _HIDDEN_PROC.split()),
    "/proc/sys/kernel/random/boot_id",
    "/sys",
)
READONLY_PATHS = ("/proc/sys",)

# Fields of the create request that inspect shows again, and those that only an image could set.
_SHOWN = ("User", "Cmd", "WorkingDir", "Hostname", "NetworkDisabled", "Tty", "OpenStdin")
_FROM_IMAGES = ("Entrypoint", "Volumes", "Healthcheck", "OnBuild", "ExposedPorts")

_INODES = 4096
_RUNSC_PIDS = 512


def host_config(spec: ContainerSpec) -> dict[str, Any]:
    """Build the `HostConfig` of one run: every control, in one table."""
    limits = spec.limits
    tmpfs = (
        f"rw,nosuid,nodev,noexec,size={limits.tmpfs_bytes},nr_inodes={_INODES}"
        f",mode=0700,uid={spec.uid},gid={spec.uid}"
    )
    scoring = spec.phase == wire.SCORE
    return {
        # Nothing to talk to but the socket in the one mount.
        "NetworkMode": "none",
        "Mounts": [
            {
                "Type": "bind",
                "Source": str(spec.run_dir),
                "Target": RUN_DIR_INSIDE,
                "ReadOnly": True,
                "BindOptions": {"Propagation": "rprivate"},
            }
        ],
        # A storage quota is refused on ext4: all writable space is memory, and counted as such.
        "ReadonlyRootfs": True,
        # Where outputs are scored there is none: what one worker wrote, the next could read.
        "Tmpfs": {} if scoring else {"/tmp": tmpfs, "/work": tmpfs},  # noqa: S108
        "ShmSize": limits.shm_bytes,
        # No privilege to begin with and none to gain.
        "Privileged": False,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", f"seccomp={profile_json()}"],
        "MaskedPaths": list(MASKED_PATHS),
        "ReadonlyPaths": list(READONLY_PATHS),
        # Own view of everything that has a namespace.
        "IpcMode": "none" if scoring else "private",
        "CgroupnsMode": "private",
        # An init process of the engine's would be open to the guest through /proc/1/mem.
        "Init": False,
        # memory = memory and swap: no swapping out, and no quiet second half.
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,
        "NanoCpus": int(limits.cpus * 1_000_000_000),
        # gVisor's own threads count against the limit.
        "PidsLimit": max(limits.pids, _RUNSC_PIDS) if "runsc" in spec.runtime else limits.pids,
        "Ulimits": [
            {"Name": name, "Soft": value, "Hard": value} for name, value in _rlimits(spec).items()
        ],
        # Output is discarded by the engine; an attached reader could wedge kill and inspect.
        "LogConfig": {"Type": "none", "Config": {}},
        # The exit state must survive until it was read.
        "AutoRemove": False,
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "Runtime": spec.runtime,
    }


def create_body(spec: ContainerSpec) -> dict[str, Any]:
    """Build the create request, with the digest of everything in it as a label."""
    body: dict[str, Any] = {
        "Image": spec.image,
        "Entrypoint": [],
        "Cmd": [*LAUNCHER, *spec.command],
        "User": f"{spec.uid}:{spec.uid}",
        "WorkingDir": "/work",
        "Env": [f"{name}={value}" for name, value in ENVIRONMENT.items()],
        "Hostname": "assay",
        "NetworkDisabled": True,
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        "OpenStdin": False,
        "Tty": False,
        "StopSignal": "SIGTERM",
        "HostConfig": host_config(spec),
    }
    encoded = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    digest = "sha256:" + hashlib.sha256(encoded).hexdigest()
    body["Labels"] = labels.of_spec(spec) | {labels.SPEC: digest}
    return body


def _rlimits(spec: ContainerSpec) -> dict[str, int]:
    # Only ever below the daemon's own hard limits: raising one fails at start.
    return {
        "core": 0,
        "nofile": spec.limits.nofile,
        "fsize": spec.limits.fsize_bytes,
        "memlock": 64 * 1024,
        "msgqueue": 0,
        "nice": 0,
        "rtprio": 0,
        "sigpending": 256,
        "cpu": spec.limits.cpu_seconds,
    }


def differences(body: dict[str, Any], shown: dict[str, Any]) -> tuple[str, ...]:
    """Names of the fields where the engine's `inspect` answer is not what was asked.

    Every field of `HostConfig` that the engine knows is looked at: those not asked for must be
    empty. Then who runs what, where, and with which environment and mounts.
    """
    asked_host, shown_host = body["HostConfig"], shown.get("HostConfig") or {}
    wrong = [
        f"HostConfig.{name}"
        for name in sorted(asked_host.keys() | shown_host.keys())
        if not _same(asked_host.get(name), shown_host.get(name))
    ]
    config = shown.get("Config") or {}
    wrong.extend(f"Config.{name}" for name in _SHOWN if not _same(body[name], config.get(name)))
    wrong.extend(f"Config.{name}" for name in _FROM_IMAGES if not _empty(config.get(name)))
    if sorted(config.get("Env") or []) != sorted(body["Env"]):
        wrong.append("Config.Env")
    if {name: (config.get("Labels") or {}).get(name) for name in body["Labels"]} != body["Labels"]:
        wrong.append("Config.Labels")
    if shown.get("Image") != body["Image"]:
        wrong.append("Image")
    mounts = shown.get("Mounts") or []
    mount = body["HostConfig"]["Mounts"][0]
    expected = [(mount["Source"], mount["Target"], False)]
    if [(m.get("Source"), m.get("Destination"), m.get("RW")) for m in mounts] != expected:
        wrong.append("Mounts")
    return tuple(wrong)


def _same(asked: object, shown: object) -> bool:
    if isinstance(asked, dict) and isinstance(shown, dict):
        return all(_same(asked.get(key), shown.get(key)) for key in asked.keys() | shown.keys())
    return asked == shown or (_empty(asked) and _empty(shown))


def _empty(value: object) -> bool:
    """Whether a field carries nothing: null, zero, no text, or a list of only such."""
    if isinstance(value, dict):
        return not value
    if isinstance(value, list):
        return all(_empty(item) for item in value)
    return value in (None, "", 0, False)
