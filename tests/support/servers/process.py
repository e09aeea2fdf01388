"""A real server as a process of the test's own: started, killed, started again on the same port.

It listens on the loopback only, and all it keeps lies in a folder that goes with it.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from tests.integration.worker.process_tree import descendants, kill
from tests.support.waiting import until

HOST = "127.0.0.1"
USER, PASSWORD = "assay", "a-secret-of-the-tests"
_START_S, _STOP_S = 120, 30
# A test run that is killed must leave no server behind: the kernel asks each of them to end.
WITH_US = ("setpriv", "--pdeathsig", "TERM")
_ANSWER_S = 2


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def folder(name: str, user: str | None = None) -> Iterator[Path]:
    """A private folder of one server, given to `user` when it may not run as we do."""
    made = Path(tempfile.mkdtemp(prefix=f"assay-{name}-"))
    if user is not None:
        shutil.chown(made, user, user)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def says(port: int, ask: bytes, answer: bytes) -> bool:
    """Whether whoever listens on a port answers a greeting as its protocol says."""
    try:
        with socket.create_connection((HOST, port), _ANSWER_S) as stream:
            stream.settimeout(_ANSWER_S)
            stream.sendall(ask)
            return answer in stream.recv(200)
    except OSError:
        return False


class Server:
    """One server. `url` is what a setting of Assay's wants; `home` is its folder.

    It ends with the thread that starts it.
    """

    def __init__(
        self,
        url: str,
        home: Path,
        command: tuple[str, ...],
        answers: Callable[[], bool],
        environment: dict[str, str] | None = None,
    ) -> None:
        self.url = url
        self.home = home
        self._command = command
        self._answers = answers
        self._environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"} | (environment or {})
        self._log = home / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[Self]:
        """Start it, and end it with the block."""
        try:
            self.start()
            yield self
        finally:
            self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                (*WITH_US, *self._command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                env=self._environment,
                start_new_session=True,
            )
        until(self._up, _START_S, f"{self._command[0]} answers")

    def _up(self) -> bool:
        if self._process.poll() is not None:
            said = self._log.read_text(errors="replace")[-2000:]
            raise AssertionError(f"{self._command[0]} ended by itself: {said}")
        return self._answers()

    def kill(self) -> None:
        """SIGKILL for it and everything below it, as when a machine loses its power."""
        below = descendants(self._process.pid)
        self._process.kill()
        self._process.wait(_STOP_S)
        for pid in below:
            kill(pid)
        until(lambda: not self._answers(), _STOP_S, "the killed server is gone")

    def stop(self) -> None:
        """End it as an operator would; by force when that takes too long."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
