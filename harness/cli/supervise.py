"""Supervising processes: started, started again when they die, and ended together."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Final

from harness.cli import output
from harness.config import Settings

_LOOK_S: Final = 0.2
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 30.0
# A process that lived so long did not die of its start.
_STABLE_S: Final = 60.0
_STOP_S: Final = 20.0
# Run directories are given to each run's own user, which only root can do; doctor says so.
_ROOT_WARNING: Final = "You're running the worker with superuser privileges"


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep alive; it inherits `descriptors` and the environment given."""

    name: str
    command: tuple[str, ...]
    descriptors: tuple[int, ...] = ()
    environment: Mapping[str, str] | None = None


def worker(settings: Settings) -> Child:
    """The worker; its name tells it whose child it is."""
    return Child(
        "worker",
        (
            *(sys.executable, "-W", f"ignore:{_ROOT_WARNING}"),
            *("-m", "harness.starting", "harness.worker", "--quiet", "worker"),
            *("--concurrency", str(settings.worker_slots), "--loglevel", "warning"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            *("--pool", "prefork", "--hostname", f"{os.getpid()}@assay"),
        ),
    )


class Supervisor:
    """Keeps processes alive until SIGTERM or SIGINT; a second one ends them by force.

    `run` belongs into the main thread: children are told by the kernel when it dies. `ending` is
    called before they are asked to end.
    """

    def __init__(
        self, children: Iterable[Child], ending: Callable[[], None] = lambda: None
    ) -> None:
        self._ending = ending
        self._kept = [_Kept(child) for child in children]
        self._stopping = threading.Event()
        self._now = threading.Event()

    def run(self) -> None:
        """Supervise until a signal asks to stop."""
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)
        try:
            while not self._stopping.is_set():
                for kept in self._kept:
                    kept.look()
                self._stopping.wait(_LOOK_S)
        finally:
            self._end()

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        if self._stopping.is_set():
            self._now.set()
        self._stopping.set()

    def _end(self) -> None:
        """Warm first: a request finishes, a run in its last seconds may still end by itself."""
        self._ending()
        for kept in self._kept:
            kept.terminate()
        deadline = time.monotonic() + _STOP_S
        while any(kept.alive() for kept in self._kept):
            if self._now.wait(_LOOK_S) or time.monotonic() > deadline:
                break
        for kept in self._kept:
            kept.kill()


class _Kept:
    """One child, and how often its process has died of late."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._process: subprocess.Popen[bytes] | None = None
        self._began = self._due = 0.0
        self._failures = 0

    def look(self) -> None:
        """Start the process unless it runs, or died so often that it should wait a little."""
        if self.alive():
            return
        now = time.monotonic()
        if self._process is not None:
            self._failures = 0 if now - self._began > _STABLE_S else self._failures + 1
            pause = min(_FIRST_PAUSE_S * 2 ** max(0, self._failures - 1), _LONGEST_PAUSE_S)
            output.note(f"the {self._child.name} process died; another starts in {pause:.0f} s")
            self._process, self._due = None, now + pause
        if now >= self._due:
            self._start(now)

    def _start(self, now: float) -> None:
        self._began = now
        # A group of its own: Ctrl-C reaches the supervisor alone, which then ends the others.
        self._process = subprocess.Popen(
            self._child.command,
            stdin=subprocess.DEVNULL,
            pass_fds=self._child.descriptors,
            env=None if self._child.environment is None else dict(self._child.environment),
            start_new_session=True,
        )

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        if self._process is not None and self.alive():
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
