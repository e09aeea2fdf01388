"""The guest's side: HTTP/1.1 on the run's socket, one request at a time on each connection.

Everything a guest can hold is capped: connections, header, body, the bytes of all bodies
together, the time a request takes to arrive, the time a connection rests, and the time a reply
waits to be read. Bytes sent before the previous reply came are dropped, and the connection ends
after that reply.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Protocol, cast

import httptools

from sandbox.gateway import answers
from sandbox.gateway.answers import Answer
from sandbox.gateway.caps import Caps, Held
from sandbox.gateway.grant import ANY_UID

_HEAD_END = b"\r\n\r\n"
_PEER = struct.Struct("3i")  # struct ucred: pid, uid, gid (unix(7), SO_PEERCRED)
_HIGH_WATER = 262_144


class Exchange(Protocol):
    """What waits behind a request that is not answered yet."""

    def cancel(self) -> None:
        """Give up: the guest is gone."""

    def hold(self, *, paused: bool) -> None:
        """Slow down, or go on: the guest reads slower than the vendor writes."""


Handler = Callable[["GuestConnection", bytes, bytes, bytes], Exchange | None]


class Front:
    """What all connections share. `handler` gets a connection, method, target and body."""

    def __init__(self, caps: Caps, uid: int, handler: Handler) -> None:
        self.caps = caps
        self.uid = uid
        self.handler = handler
        self.held = Held(caps.held_bytes)
        self.loop = asyncio.get_running_loop()
        self.connections: set[GuestConnection] = set()

    def accept(self) -> "GuestConnection":
        """Make the protocol of one new connection."""
        return GuestConnection(self)

    def sweep(self, now: float) -> None:
        """End what is overdue."""
        for connection in list(self.connections):
            connection.expire(now)

    def close(self) -> None:
        """End every connection at once."""
        for connection in list(self.connections):
            connection.abort()


class GuestConnection(asyncio.Protocol):
    """One connection of the guest."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._exchange: Exchange | None = None
        self._busy = False  # a request is being worked on
        self._early = False  # bytes came while it was
        self._refused = False
        self._paused_at: float | None = None
        self._keep = True
        self._size = 0
        self._deadline = 0.0
        self._reset()

    def _reset(self) -> None:
        self._front.held.give(self._size)
        self._tail = b""
        self._begun = False
        self._head_done = False
        self._head_size = 0
        self._complete = False
        self._refusal: Answer | None = None
        self._method = b""
        self._target = b""
        self._body: list[bytes] = []
        self._size = 0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, or end it: too many, or the wrong user."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's inherits nothing
        front = self._front
        if len(front.connections) >= front.caps.connections or not self._known_peer():
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=_HIGH_WATER)
        front.connections.add(self)
        self._deadline = front.loop.time() + front.caps.idle_s

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Let go of everything."""
        self._front.connections.discard(self)
        self._reset()
        if self._exchange is not None:
            self._exchange.cancel()
            self._exchange = None

    def pause_writing(self) -> None:
        """Note that the guest reads too slowly."""
        self._paused_at = self._front.loop.time()
        self._transport.pause_reading()
        if self._exchange is not None:
            self._exchange.hold(paused=True)

    def resume_writing(self) -> None:
        """Note that the guest has caught up."""
        self._paused_at = None
        if not self._early:
            self._transport.resume_reading()
        if self._exchange is not None:
            self._exchange.hold(paused=False)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request."""
        if self._refused:
            return
        if self._busy:
            self._early = True
            self._transport.pause_reading()
            return
        if not self._begun:
            self._begun = True
            self._deadline = self._front.loop.time() + self._front.caps.request_s
        if not self._head_done and self._head_too_large(data):
            self._refuse(answers.HEAD_TOO_LARGE)
            return
        head_before = self._head_done
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(answers.MALFORMED)
            return
        if self._refusal is not None:
            self._refuse(self._refusal)
        elif self._complete:
            self._handle()
        elif self._head_done and not head_before and not self._size and b"100-continue" in data:
            self._transport.write(answers.CONTINUE)  # RFC 9110, 10.1.1

    # httptools; nothing here may raise, since the parser would take it for a bad request

    def on_message_begin(self) -> None:
        """Note a request that came before the last one was answered."""
        self._early = self._complete

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        if not self._complete:
            self._target += url

    def on_headers_complete(self) -> None:
        """Take the end of the header."""
        if not self._complete:
            self._head_done = True
            if self._parser.get_http_version() != "1.1":
                self._refusal = answers.WRONG_VERSION

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, within the caps."""
        if self._complete or self._refusal is not None:
            return
        if self._size + len(body) > self._front.caps.body_bytes:
            self._refusal = answers.TOO_LARGE
        elif not self._front.held.take(len(body)):
            self._refusal = answers.BUSY
        else:
            self._size += len(body)
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Take the end of the request."""
        if not self._complete:
            self._complete = True
            self._keep = self._parser.should_keep_alive()
            self._method = self._parser.get_method()

    # Guest: how an exchange answers

    def answer(self, answer: Answer) -> None:
        """End the exchange with a constant."""
        self._end(answer.keep if self._stays() else answer.close)

    def whole(self, body: bytes) -> None:
        """End the exchange with a rebuilt reply."""
        self._end(answers.whole(body, keep=self._stays()))

    def begin_stream(self) -> None:
        """Send the head of a streamed reply."""
        self._transport.write(answers.STREAM_HEAD)

    def piece(self, data: bytes) -> None:
        """Send the next events."""
        self._transport.write(answers.chunk(data))

    def end_stream(self) -> None:
        """End the exchange after its last event."""
        self._end(answers.LAST_CHUNK)

    def break_stream(self) -> None:
        """End the exchange so that no client can take the reply for a whole one."""
        self._keep = False
        self._end(answers.chunk(answers.STREAM_BROKEN))

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    def expire(self, now: float) -> None:
        """End what is overdue."""
        if self._paused_at is not None:
            if now >= self._paused_at + self._front.caps.write_s:
                self._transport.abort()
        elif not self._busy and now >= self._deadline:
            if self._begun and not self._refused:
                self._refuse(answers.TOO_SLOW)
            self._transport.close()

    # The rest

    def _known_peer(self) -> bool:
        if self._front.uid == ANY_UID:
            return True
        peer = self._transport.get_extra_info("socket")
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        uid: int = _PEER.unpack(raw)[1]
        return uid == self._front.uid

    def _head_too_large(self, data: bytes) -> bool:
        # The parser does not say where the head ended, so its end is looked for here, also
        # when it came in two parts.
        joined = self._tail + data if self._tail else data
        end = joined.find(_HEAD_END)
        self._head_size += len(data) if end < 0 else max(0, end - len(self._tail))
        self._tail = data[-3:] if end < 0 else b""
        return self._head_size > self._front.caps.head_bytes

    def _handle(self) -> None:
        self._busy = True
        if self._early:
            self._transport.pause_reading()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        exchange = self._front.handler(self, self._method, self._target, body)
        if self._busy:  # not answered yet
            self._exchange = exchange

    def _refuse(self, answer: Answer) -> None:
        # What still comes is read and dropped until the guest closes or its time is over, so
        # that it can read the answer instead of a reset.
        self._refused = True
        self._reset()
        self._transport.write(answer.close)
        self._transport.write_eof()

    def _stays(self) -> bool:
        return self._keep and not self._early

    def _end(self, data: bytes) -> None:
        self._transport.write(data)
        self._exchange = None
        self._busy = False
        self._reset()
        if self._stays():
            self._deadline = self._front.loop.time() + self._front.caps.idle_s
        else:
            self._transport.close()
