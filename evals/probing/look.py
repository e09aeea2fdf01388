"""What the probes use to look around: proc(5), mounts, files, a child of one's own."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

Verdict = tuple[bool, str]
Probe = Callable[[], Verdict]

MIB = 1024 * 1024
RUN_DIR = "/assay"
SOCKET = f"{RUN_DIR}/gateway.sock"
SCRATCH = ("/tmp", "/work", "/dev/shm")  # noqa: S108  # named because they are probed


def in_child(act: Callable[[], int]) -> int:
    """Small result of an act in a child of its own; negative when a signal ended it."""
    child = os.fork()
    if child == 0:
        os._exit(act() & 0xFF)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def works(act: Callable[[], object]) -> bool:
    """Whether an act raises no OSError."""
    try:
        act()
    except OSError:
        return False
    return True


def tells(path: str) -> bool:
    """Whether a file or folder shows any content."""
    try:
        if Path(path).is_dir():
            return bool(listing(path))
        with Path(path).open("rb") as stream:
            return bool(stream.read(16))
    except OSError:
        return False


def listing(path: str) -> list[str]:
    """Names in a folder."""
    return [one.name for one in Path(path).iterdir()]


def lines(path: str) -> list[str]:
    """Read a text file; nothing when it is absent."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


def status() -> dict[str, str]:
    """Read /proc/self/status."""
    return {
        name: value.strip()
        for name, _, value in (line.partition(":") for line in lines("/proc/self/status"))
    }


def mounts() -> dict[str, tuple[set[str], str]]:
    """Mount points with their flags and file system, the topmost of each (proc(5))."""
    found: dict[str, tuple[set[str], str]] = {}
    for line in lines("/proc/self/mountinfo"):
        left, _, right = line.partition(" - ")
        fields = left.split()
        found[fields[4]] = (set(fields[5].split(",")), right.split()[0])
    return found


def tree() -> Iterator[tuple[str, list[str]]]:
    """Walk every folder but /proc and /sys."""
    for folder, folders, names in os.walk("/"):
        if folder == "/":
            folders[:] = [name for name in folders if name not in {"proc", "sys"}]
        yield folder, names


def files() -> Iterator[tuple[str, int]]:
    """Yield the path and mode of every file that may be looked at."""
    for folder, names in tree():
        for name in names:
            path = f"{folder.rstrip('/')}/{name}"
            with contextlib.suppress(OSError):
                yield path, os.lstat(path).st_mode


def name_of(code: int) -> str:
    """Name of an errno."""
    return errno.errorcode.get(code, str(code))
