"""The launcher's socket: who may speak, how much, and for how long.

Only root and the processes of one user are heard, by what the kernel says of the peer. A call is
one short line that comes within moments; more than a few at once are turned away. A client that
misbehaves is refused with a constant and costs nobody else more than its place in the queue.
"""

import fcntl
import logging
import os
import socket
import stat
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from harness.errors import Conflict
from sandbox.container import calls
from sandbox.container.calls import Call
from sandbox.errors import PlatformFault

_log = logging.getLogger(__name__)

_PEER: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid (unix(7), SO_PEERCRED)
_THREADS: Final = 16
_MOST: Final = 64
# A full one turns a client away that would have been heard a moment later.
_BACKLOG: Final = 256
_LINE_S: Final = 1.0
_TELL_S: Final = 2.0
_LOOK_S: Final = 0.2

Work = Callable[[Call, Callable[[bytes], None]], None]


@contextmanager
def listening(path: Path, group: int) -> Iterator[socket.socket]:
    """Listen at `path`, for root and this group, and for nobody while another launcher does.

    Raises Conflict when one does, or when somebody else could put another socket in its place.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    folder = path.parent.stat()
    if folder.st_uid not in {0, os.geteuid()} or folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Conflict(f"ASSAY_LAUNCHER: other users may write to {path.parent}")
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    unready = path.with_suffix(".new")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unready.unlink(missing_ok=True)
        before = os.umask(0o777)  # nobody connects between bind and the mode below
        try:
            listener.bind(str(unready))
        finally:
            os.umask(before)
        os.chown(unready, -1, group)
        unready.chmod(0o660)
        listener.listen(_BACKLOG)
        unready.rename(path)
        yield listener
        path.unlink(missing_ok=True)
    except BlockingIOError:
        raise Conflict(f"another launcher listens at {path}") from None
    finally:
        listener.close()
        os.close(lock)


class Server:
    """Hears calls until told to stop. `worker` is the user that may make them, beside root."""

    def __init__(self, listener: socket.socket, worker: int, work: Work) -> None:
        self._listener = listener
        self._allowed = {0, worker}
        self._work = work
        self._room = threading.BoundedSemaphore(_MOST)

    def run(self, stopping: threading.Event) -> None:
        """Hear calls; those under way when `stopping` is set are finished, waits are not."""
        self._listener.settimeout(_LOOK_S)
        with ThreadPoolExecutor(_THREADS, "call") as pool:
            while not stopping.is_set():
                with suppress(TimeoutError):
                    connection, _ = self._listener.accept()
                    self._take(connection, pool)

    def _take(self, connection: socket.socket, pool: ThreadPoolExecutor) -> None:
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        uid: int = _PEER.unpack(peer)[1]
        if uid not in self._allowed:
            _log.warning("refused a call of user %s", uid)
            connection.close()
        elif not self._room.acquire(blocking=False):
            _say(connection, calls.refusal(PlatformFault("busy")), 0)
        else:
            pool.submit(self._hear, connection)

    def _hear(self, connection: socket.socket) -> None:
        try:
            self._carry_out(connection)
        except PlatformFault as fault:
            _say(connection, calls.refusal(fault))
        except Exception as error:  # noqa: BLE001 - its text may be anything, and others go on
            _log.error("call failed kind=%s", type(error).__name__)
            _say(connection, calls.refusal(PlatformFault("launcher_fault")))
        finally:
            self._room.release()

    def _carry_out(self, connection: socket.socket) -> None:
        line = _line(connection)
        if not line:
            connection.close()
            return
        self._work(calls.parse(line), lambda answer: _say(connection, answer))


def _line(connection: socket.socket) -> bytes:
    """Everything up to the end of the first line, or of what was sent; at most a call's length."""
    give_up = time.monotonic() + _LINE_S
    said = bytearray()
    with suppress(OSError):
        while len(said) <= calls.LONGEST_CALL and not said.endswith(b"\n"):
            connection.settimeout(max(0.001, give_up - time.monotonic()))
            part = connection.recv(calls.LONGEST_CALL + 1)
            if not part:
                break
            said += part
    return bytes(said)


def _say(connection: socket.socket, line: bytes, seconds: float = _TELL_S) -> None:
    with suppress(OSError), connection:
        connection.settimeout(seconds)
        connection.sendall(line)
