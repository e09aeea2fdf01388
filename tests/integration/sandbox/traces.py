"""What runs leave on an engine of their own and in this process: counted before and after.

Memory and disk are those of this engine and nobody else's, so that other tests beside it decide
nothing; they are also held far more tightly than a share of the host's.
"""

import contextlib
import gc
import os
import threading
import time
from dataclasses import dataclass, fields
from pathlib import Path

import docker

from tests.support.engines import Engine2
from tests.support.waiting import until

# The engine's own books of a few containers: a small part of what any attack is after.
_SLACK = 16 << 20
_SHARE = 0.05  # of the host's memory
_PAGE = os.sysconf("SC_PAGE_SIZE")
# Of a control group with all below it, in either version's words.
_HELD = ({"total_rss", "total_shmem"}, {"anon", "shmem"})
_BLOCK = 512  # unit of st_blocks


@dataclass(frozen=True)
class Traces:
    """Names of everything that a run could leave; equal before and after when it left nothing."""

    containers: frozenset[str]
    images: frozenset[str]
    networks: frozenset[str]
    volumes: frozenset[str]
    layers: frozenset[str]
    folders: frozenset[str]
    mounts: frozenset[str]
    groups: frozenset[str]
    shims: frozenset[int]
    sockets: frozenset[str]
    run_root: frozenset[str]
    children: frozenset[int]
    descriptors: int
    threads: int

    def more_than(self, before: "Traces") -> dict[str, object]:
        """What is there now and was not before."""
        found: dict[str, object] = {}
        for field in fields(self):
            now, then = getattr(self, field.name), getattr(before, field.name)
            if isinstance(now, int):
                # By number: an engine that was started again has a connection in another's place.
                grown = (then, now) if now > then else ()
            else:
                grown = sorted(now - then)
            if grown:
                found[field.name] = grown
        return found


def traces(engine: Engine2, run_root: Path) -> Traces:
    """Look everywhere now; what only waits for the collector is not left behind."""
    gc.collect()
    data = engine.root / "data"
    with contextlib.closing(docker.APIClient(engine.url)) as client:
        containers = {row["Id"] for row in client.containers(all=True)}
        images = {row["Id"] for row in client.images(all=True)}
        networks = {row["Name"] for row in client.networks()}
        volumes = {row["Name"] for row in client.volumes()["Volumes"] or ()}
    return Traces(
        containers=frozenset(containers),
        images=frozenset(images),
        networks=frozenset(networks),
        volumes=frozenset(volumes),
        layers=_entries(data / "overlay2") | _entries(data / "image/overlay2/layerdb/mounts"),
        folders=_entries(data / "containers")
        | _entries(engine.root / "exec/runtime-runc/moby")
        | _entries(engine.root / "exec/containerd/daemon/io.containerd.runtime.v2.task/moby"),
        mounts=_mounts(engine.pid, engine.root) | _mounts(os.getpid(), engine.root, run_root),
        groups=frozenset(map(str, _groups(engine))),
        shims=frozenset(_started_with(engine, b"containerd-shim")),
        sockets=_bound_below(run_root),
        run_root=_entries(run_root),
        children=_children(os.getpid()) - {engine.pid, engine.holder.pid},
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        threads=threading.active_count(),
    )


def nothing_left(engine: Engine2, run_root: Path, before: Traces, seconds: float = 30) -> None:
    """Wait until nothing is there that was not before. Raises AssertionError with what is."""
    left: dict[str, object] = {}

    def gone() -> bool:
        left.clear()
        left.update(traces(engine, run_root).more_than(before))
        return not left

    try:
        until(gone, seconds, "nothing left")
    except AssertionError:
        raise AssertionError(f"left behind: {left}") from None


@dataclass(frozen=True)
class Room:
    """Bytes that an engine's containers, its processes and its folders take from the host."""

    containers: int
    daemons: int
    disk: int

    @classmethod
    def of(cls, engine: Engine2) -> "Room":
        """Look now."""
        return cls(
            containers=_charged(engine),
            daemons=sum(map(_resident, _started_with(engine, b"dockerd", b"containerd"))),
            disk=_allocated(engine.root),
        )

    def is_back(self, engine: Engine2) -> bool:
        """Whether nothing more is taken than was, but for the engine's own books."""
        now = Room.of(engine)
        return (
            now.containers <= self.containers + _SLACK
            and now.daemons <= self.daemons + _SHARE * _meminfo("MemTotal")
            and now.disk <= self.disk + _SLACK
        )


@dataclass
class Peaks:
    """The most that a container was seen to hold, and when it was last seen with a process."""

    pids: int = 0
    memory: int = 0
    disk: int = 0
    alive_at: float = 0.0

    def look(self, engine: Engine2, container: str) -> None:
        """Look once more; a container that is gone holds nothing."""
        pids = _figure(engine, container, "pids.current")
        if pids:
            self.alive_at = time.time()
        self.pids = max(self.pids, pids)
        self.memory = max(self.memory, _figure(engine, container, "memory.usage_in_bytes"))
        self.memory = max(self.memory, _figure(engine, container, "memory.current"))
        self.disk = max(self.disk, disk_bytes(engine, container))


def disk_bytes(engine: Engine2, container: str) -> int:
    """Bytes that the engine holds for a container on disk: log, settings and written files."""
    data = engine.root / "data"
    names = [data / "containers" / container]
    with contextlib.suppress(OSError):
        layer = data / "image/overlay2/layerdb/mounts" / container / "mount-id"
        names.append(data / "overlay2" / layer.read_text() / "diff")
    total = 0
    for folder, _, files in (entry for name in names for entry in os.walk(name)):
        for file in files:
            with contextlib.suppress(OSError):
                # Apparent size: what a copy would take.
                total += Path(folder, file).lstat().st_size
    return total


def _figure(engine: Engine2, container: str, name: str) -> int:
    """A figure of the container's control group, in either version's hierarchy."""
    for group in _groups(engine):
        if group.name == container:
            with contextlib.suppress(OSError, ValueError):
                return int((group / name).read_text())
    return 0


def _charged(engine: Engine2) -> int:
    """Memory that the kernel cannot give to others, of containers that are and that were."""
    groups = Path("/sys/fs/cgroup")
    total = 0
    for file in (*groups.glob(f"*/{engine.root.name}"), *groups.glob(engine.root.name)):
        with contextlib.suppress(OSError):
            lines = (file / "memory.stat").read_text().splitlines()
            figures = {name: int(value) for name, value in map(str.split, lines)}
            names = next(names for names in _HELD if figures.keys() >= names)
            total += sum(figures[name] for name in names)
    return total


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    return 0


def _allocated(folder: Path) -> int:
    total = 0
    for place, _, files in os.walk(folder):
        for file in files:
            with contextlib.suppress(OSError):
                total += Path(place, file).lstat().st_blocks * _BLOCK
    return total


def _meminfo(name: str) -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"the kernel tells no {name}")


def _entries(folder: Path) -> frozenset[str]:
    with contextlib.suppress(OSError):
        return frozenset(path.name for path in folder.iterdir())
    return frozenset()


def _mounts(pid: int, *below: Path) -> frozenset[str]:
    """Where something is mounted in a process's view: others on this machine mount too."""
    lines = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    places = {line.split()[4] for line in lines}
    return frozenset(name for name in places if any(map(Path(name).is_relative_to, below)))


def _groups(engine: Engine2) -> list[Path]:
    found = Path("/sys/fs/cgroup").glob(f"*/{engine.root.name}/*/")
    return [*found, *Path("/sys/fs/cgroup").glob(f"{engine.root.name}/*/")]


def _started_with(engine: Engine2, *programs: bytes) -> list[int]:
    """Processes of programs whose names begin so, and that were told the engine's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            name = words[0].rsplit(b"/", 1)[-1]
            if name.startswith(programs) and os.fsencode(engine.root) in b" ".join(words):
                found.append(int(process.name))
    return found


def _bound_below(folder: Path) -> frozenset[str]:
    """Every unix socket that the kernel knows by a path below this folder."""
    lines = Path("/proc/net/unix").read_text().splitlines()
    return frozenset(line.split()[-1] for line in lines if str(folder) in line)


def _children(pid: int) -> frozenset[int]:
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            if int((process / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.add(int(process.name))
    return frozenset(found)
