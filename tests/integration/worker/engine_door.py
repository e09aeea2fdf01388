"""A door to the real container engine that a test can shut, or hold: the engine never notices."""

import contextlib
import os
import select
import socket
import threading
from pathlib import Path

_CHUNK = 1 << 16


class EngineDoor:
    """A unix socket that hands every byte on, until it is shut."""

    def __init__(self, path: Path, engine: str = "/var/run/docker.sock") -> None:
        self.path = path
        self._engine = engine
        self._lock = threading.Lock()
        self._passing: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._going = threading.Event()
        self._going.set()
        self.open()

    @property
    def host(self) -> str:
        return f"unix://{self.path}"

    def open(self) -> None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._serve, args=(listener,), daemon=True).start()

    def shut(self) -> None:
        """Refuse new connections and cut those that are open, as a stopped engine does."""
        if self._listener is None:
            return
        # Closing alone would leave the thread in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = None
        self.path.unlink()
        with self._lock:
            for end in self._passing:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def pause(self) -> None:
        """Let whoever comes from now on wait, as a busy engine does."""
        self._going.clear()

    def resume(self) -> None:
        self._going.set()

    def _serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=self._pass, args=(near,), daemon=True).start()

    def _pass(self, near: socket.socket) -> None:
        self._going.wait()
        far = socket.socket(socket.AF_UNIX)
        ends = {near, far}
        with contextlib.suppress(OSError), near, far:
            far.connect(self._engine)
            with self._lock:
                self._passing |= ends
            try:
                while True:
                    for end in select.select([near, far], [], [])[0]:
                        data = end.recv(_CHUNK)
                        if not data:
                            return
                        (far if end is near else near).sendall(data)
            finally:
                with self._lock:
                    self._passing -= ends


def engine_socket() -> str:
    """Where the real engine listens."""
    return os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
