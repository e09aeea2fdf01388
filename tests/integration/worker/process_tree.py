"""Real processes and what lies below them, read from /proc."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


class WorkerTree:
    """`assay worker` as an operator starts it, with the Celery processes below it."""

    def __init__(self, environment: dict[str, str], log: Path, before: Sequence[str] = ()) -> None:
        self.log = log
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                (*before, sys.executable, "-m", "harness.cli.main", "worker"),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=environment,
            )

    @property
    def supervisor(self) -> int:
        return self._process.pid

    @property
    def celery(self) -> int | None:
        """The Celery main process, once it is there."""
        below = children(self.supervisor)
        return below[0] if below else None

    def kill(self) -> None:
        """SIGKILL for the supervisor and everything below it, as when a host's power fails."""
        below = descendants(self.supervisor)
        self._process.kill()
        self._process.wait()
        for pid in below:
            kill(pid)

    def stop(self, seconds: float) -> int:
        """Stop it as an operator does, and say with which status it ended."""
        self._process.terminate()
        return self._process.wait(seconds)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not yet waited for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
            child = int(entry.name)
            if parent(child) == pid and alive(child):
                found.append(child)
    return sorted(found)


def descendants(pid: int) -> list[int]:
    found = children(pid)
    for child in found:
        found = found + descendants(child)
    return found


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except FileNotFoundError:
        return ""


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
