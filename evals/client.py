"""The model client of the guest: many HTTP/1.1 conversations over the gateway's unix socket.

Every task is a coroutine with a connection of its own; one loop over epoll drives them all.
asyncio would do the same, but importing it costs 30 ms before the first model call, and
futures and callbacks double the time of each exchange.
"""

import json
import select
import socket
import time
from collections.abc import Coroutine, Generator, Iterable
from typing import NamedTuple

from evals import outputs, wire

CHAT_PATH = "/v1/chat/completions"
MAX_REPLY = 64 * 1024 * 1024

_PATIENCE_S = 30.0  # gateway and container start at the same time
_STEP_S = 0.002
_CHUNK = 262_144
_OK, _NO_CONTENT, _DENIED = 200, 204, 402

Task = Coroutine["_Call", "Reply", None]


class ModelError(Exception):
    """A model call gave no answer: `denied` by protocol or budget, or `failed`."""


class GatewayError(Exception):
    """The gateway is gone or refuses what the runner says; the run is over."""


class Reply(NamedTuple):
    """One HTTP reply."""

    status: int
    body: bytes
    closing: bool


class _Call(NamedTuple):
    request: bytes

    def __await__(self) -> Generator["_Call", Reply, Reply]:
        return (yield self)


async def chat(
    role: str, messages: list[dict[str, str]], parameters: dict[str, object] | None = None
) -> str:
    """Ask the model of a role and return its text. Raises ModelError."""
    body = json.dumps({"model": role, "messages": messages, **(parameters or {})})
    reply = await _Call(_post(CHAT_PATH, body.encode()))
    if reply.status != _OK:
        raise ModelError("denied" if reply.status == _DENIED else "failed")
    try:
        message = json.loads(reply.body)["choices"][0]["message"]
        text = message["content"] or message.get("refusal") or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        text = None
    if not isinstance(text, str):
        raise ModelError("failed")
    return text


async def post_score(row: wire.ScoreRow) -> None:
    """Hand one row over the wall. Raises GatewayError when it is refused."""
    path = wire.SCORE_PREFIX + row.sample_id
    if (await _Call(_post(path, wire.encode_score(row)))).status != _NO_CONTENT:
        raise GatewayError("a score was refused")


async def post_output(output: outputs.Output) -> None:
    """Hand one output over for scoring. Raises GatewayError when it is refused."""
    request = _post(outputs.path(output.sample_id), outputs.encode(output))
    if (await _Call(request)).status != _NO_CONTENT:
        raise GatewayError("an output was refused")


async def get_output(sample_id: str, epoch: int) -> str | None:
    """Fetch what the model said; None when it gave no answer. Raises GatewayError."""
    reply = await _Call(_get(outputs.path(sample_id, epoch)))
    if reply.status != _OK:
        raise GatewayError("an output is missing")
    return outputs.parse(sample_id, reply.body).text


async def greet() -> None:
    """Open the connection and learn nothing. Raises GatewayError when it is refused."""
    if (await _Call(_get(outputs.PREFIX))).status != _NO_CONTENT:
        raise GatewayError("the host refuses to talk")


async def end(rows: int) -> None:
    """Say that all rows are handed over. Raises GatewayError when the gateway disagrees."""
    if (await _Call(_post(wire.END_PATH, wire.encode_end(rows)))).status != _NO_CONTENT:
        raise GatewayError("the end was refused")


def drive(socket_path: str, tasks: Iterable[Task]) -> None:
    """Run tasks, each on its own connection, until all are done or one raises."""
    poll = select.epoll()
    links: dict[int, _Link] = {}
    try:
        for task in tasks:
            link = _Link(socket_path, task, poll, links)
            link.resume(None)
        while links:
            for number, event in poll.poll():
                # A link may have been replaced by another step of this very round.
                ready = links.get(number)
                if ready is not None:
                    ready.handle(event)
    finally:
        for link in list(links.values()):
            link.close()
        poll.close()


class _Link:
    """One task and its connection. It has at most one request on its way."""

    def __init__(
        self, socket_path: str, task: Task, poll: select.epoll, links: dict[int, "_Link"]
    ) -> None:
        self._socket_path = socket_path
        self._task = task
        self._poll = poll
        self._links = links
        self._socket: socket.socket | None = None
        self._answered = 0  # replies on this connection
        self._request = b""
        self._unsent = memoryview(b"")
        self._stuck = False  # waits for room to send
        self._received = bytearray()

    def resume(self, reply: Reply | None) -> None:
        """Let the task go on until its next request or its end."""
        try:
            call = self._task.send(reply)  # type: ignore[arg-type]  # None starts a coroutine
        except StopIteration:
            self.close()
            return
        self._request = call.request
        if self._socket is None:
            self._open()
        self._send_all()

    def handle(self, event: int) -> None:
        """Take what the poll found: room to send, or bytes, or an end."""
        if event & select.EPOLLOUT:
            self._send()
        if event & ~select.EPOLLOUT:
            self._receive()

    def close(self) -> None:
        """Drop the connection and end the task."""
        self._drop()
        self._task.close()

    def _open(self) -> None:
        opened = _connect(self._socket_path)
        self._socket, self._answered, self._stuck = opened, 0, False
        self._links[opened.fileno()] = self
        self._poll.register(opened, select.EPOLLIN)

    def _drop(self) -> None:
        if self._socket is not None:
            del self._links[self._socket.fileno()]
            self._socket.close()  # which also takes it out of the poll
            self._socket = None

    def _send_all(self) -> None:
        self._received.clear()
        self._unsent = memoryview(self._request)
        self._send()

    def _send(self) -> None:
        if self._socket is None:
            return
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            pass
        except ConnectionError:
            self._lost()
            return
        if self._stuck != bool(self._unsent):
            self._stuck = not self._stuck
            wanted = select.EPOLLIN | select.EPOLLOUT if self._stuck else select.EPOLLIN
            self._poll.modify(self._socket, wanted)

    def _receive(self) -> None:
        if self._socket is None:
            return
        try:
            chunk = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return
        except ConnectionError:
            chunk = b""
        if not chunk:
            self._lost()
            return
        self._received += chunk
        reply = _parse(self._received)
        if reply is not None:
            self._answered += 1
            if reply.closing:
                self._drop()
            self.resume(reply)

    def _lost(self) -> None:
        # A server may close an idle connection while a request is on its way to it. Only then is
        # it safe to send again: this connection was kept alive and not a byte came back.
        again = self._answered > 0 and not self._received
        self._drop()
        if not again:
            raise GatewayError("the connection ended")
        self._open()
        self._send_all()


def _connect(path: str) -> socket.socket:
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            opened.connect(path)  # blocking: waits while the gateway's backlog is full
        except (FileNotFoundError, ConnectionRefusedError):
            opened.close()
            if time.monotonic() > give_up:
                raise GatewayError("the gateway does not listen") from None
            time.sleep(_STEP_S)
        else:
            opened.setblocking(False)
            return opened


def _post(path: str, body: bytes) -> bytes:
    return (
        b"POST %b HTTP/1.1\r\nHost: assay\r\nContent-Type: application/json\r\n%b%d\r\n\r\n%b"
        % (
            path.encode(),
            b"Content-Length: ",
            len(body),
            body,
        )
    )


def _get(path: str) -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: assay\r\nContent-Length: 0\r\n\r\n" % path.encode()


def _parse(received: bytearray) -> Reply | None:
    """Read a whole reply with a known length, or None while some of it is missing."""
    if len(received) > MAX_REPLY:
        raise GatewayError("a reply is too large")
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    lines = bytes(received[:end]).lower().split(b"\r\n")
    headers = {name: value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    status = lines[0][9:12]
    length = b"0" if status == b"204" else headers.get(b"content-length", b"")
    if not (status.isdigit() and length.isdigit()):
        raise GatewayError("a reply cannot be read")
    start = end + 4
    if len(received) < start + int(length):
        return None
    body = bytes(received[start : start + int(length)])
    return Reply(int(status), body, headers.get(b"connection") == b"close")
