"""Forwards 127.0.0.1:8080 to the gateway's unix socket, so that stock SDKs work unchanged.

Bytes pass as they come: no parsing, at most one chunk held per direction, half-closes kept.
"""

import os
import select
import socket

PORT = 8080

_CHUNK = 65_536
_BACKLOG = 512
_LOOK_S = 0.01


def listen(port: int = PORT) -> socket.socket:
    """Open the loopback port; 0 takes a free one. Raises OSError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener


class Forwarder:
    """Pumps bytes between accepted connections and the unix socket at `path`.

    Gateway and container start side by side: who connects before the socket is there waits in
    the listener's backlog. Once it has been there, a gateway that is gone closes connections.
    """

    def __init__(self, listener: socket.socket, path: str, wake: int) -> None:
        """Serve `listener`; bytes on the descriptor `wake` end a `step` early."""
        self._listener = listener
        self._path = path
        self._wake = wake
        self._sides: dict[int, _Side] = {}
        self._serving = False
        self._poll = select.epoll()
        self._poll.register(wake, select.EPOLLIN)

    def step(self, timeout_s: float) -> bool:
        """Move bytes until nothing is ready, for at most `timeout_s` seconds; True when woken."""
        if not self._serving and os.access(self._path, os.F_OK):
            self._serving = True
            self._poll.register(self._listener, select.EPOLLIN)
        woken = False
        wait_s = timeout_s if self._serving else min(timeout_s, _LOOK_S)
        for number, event in self._poll.poll(wait_s):
            side = self._sides.get(number)
            if number == self._wake:
                woken = True
            elif number == self._listener.fileno():
                self._accept()
            elif side is not None:
                self._handle(side, event)
        return woken

    def close(self) -> None:
        """Drop every connection; the listener and the wake descriptor stay the caller's."""
        for side in list(self._sides.values()):
            side.socket.close()
        self._sides.clear()
        self._poll.close()

    def _accept(self) -> None:
        try:
            front, _ = self._listener.accept()
        except OSError:
            return
        back = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            back.connect(self._path)
        except OSError:
            front.close()
            back.close()
            return
        front.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sides = _Side(front), _Side(back)
        for side, peer in (sides, sides[::-1]):
            side.peer = peer
            side.socket.setblocking(False)
            self._sides[side.number] = side
            self._watch(side)

    def _handle(self, side: "_Side", event: int) -> None:
        try:
            if event & select.EPOLLOUT:
                side.send()
            if event & ~select.EPOLLOUT and not side.peer.pending:
                side.receive(_CHUNK)
        except BlockingIOError:
            pass
        except OSError:
            self._close(side)
            return
        if side.over and side.peer.over:
            self._close(side)
            return
        self._watch(side)
        self._watch(side.peer)

    def _watch(self, side: "_Side") -> None:
        wanted = select.EPOLLOUT if side.pending else 0
        if not side.ended and not side.peer.pending:
            wanted |= select.EPOLLIN
        if wanted == side.watched:
            return
        # A hang-up is reported even to a watch for nothing: leave the poll altogether then.
        if not side.watched:
            self._poll.register(side.number, wanted)
        elif wanted:
            self._poll.modify(side.number, wanted)
        else:
            self._poll.unregister(side.number)
        side.watched = wanted

    def _close(self, side: "_Side") -> None:
        for one in (side, side.peer):
            del self._sides[one.number]
            one.socket.close()


class _Side:
    """One end of a forwarded connection; `pending` waits to be sent to it."""

    peer: "_Side"

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self.number = end.fileno()
        self.pending = b""
        self.ended = False  # nothing more comes from here
        self.watched = 0

    @property
    def over(self) -> bool:
        """Everything that came from here was passed on."""
        return self.ended and not self.peer.pending

    def receive(self, most: int) -> None:
        chunk = self.socket.recv(most)
        self.ended = not chunk
        self.peer.pending = chunk
        self.peer.send()

    def send(self) -> None:
        if self.pending:
            self.pending = self.pending[self.socket.send(self.pending) :]
        if self.peer.ended and not self.pending:
            self.socket.shutdown(socket.SHUT_WR)
