"""Supervising a worker: started again when it dies, and swept for what it left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType
from typing import Final

from harness import queue
from harness.cli import output
from harness.errors import HarnessError
from harness.records import platform as rows
from harness.services.platform.opening import Platform
from harness.services.publication import sequence
from harness.services.runs.sweep import sweep

_RESTART_S: Final = 1.0
_STOP_S: Final = 20.0
# Run directories are given to each run's own user, which only root can do; doctor says so.
_ROOT_WARNING: Final = "You're running the worker with superuser privileges"


class Supervisor:
    """Holds one Celery worker process; ends with it on SIGTERM or SIGINT."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._app = queue.celery(platform.settings)
        self._stopping = threading.Event()
        self._name = f"{platform.host}:{os.getpid()}"
        self._trouble = ""

    def run(self) -> None:
        """Supervise until a signal asks to stop."""
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)
        process = self._start()
        try:
            while not self._stopping.is_set():
                self._sweep()
                self._stopping.wait(self._platform.settings.sweep_s)
                if process.poll() is not None and not self._stopping.is_set():
                    output.note("the worker process died; starting another")
                    self._stopping.wait(_RESTART_S)
                    process = self._start()
        finally:
            self._stop(process)

    def stop(self) -> None:
        """Ask the supervisor to end."""
        self._stopping.set()

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _start(self) -> subprocess.Popen[bytes]:
        settings = self._platform.settings
        command = [
            *(sys.executable, "-W", f"ignore:{_ROOT_WARNING}", "-m", "celery", "--quiet"),
            *("--app", "harness.worker:app", "worker"),
            *("--concurrency", str(settings.worker_slots), "--loglevel", "warning"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            *("--pool", "prefork", "--hostname", f"{os.getpid()}@assay"),
        ]
        # A group of its own: Ctrl-C reaches the supervisor alone, which then ends the worker.
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        """Warm shutdown first: a run in its last seconds may still end by itself."""
        if process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _sweep(self) -> None:
        now = time.time()
        try:
            with self._platform.database.write() as session:
                rows.see_worker(session, self._name, now)
            sweep(self._platform, self._app)
            sequence.publish(self._platform, self._app)
        except HarnessError as error:
            self._tell(str(error))
        else:
            self._tell("")

    def _tell(self, trouble: str) -> None:
        """Say what is wrong once, not at every sweep; and that it is over."""
        if trouble != self._trouble:
            output.note(trouble or "that is over; going on")
        self._trouble = trouble
