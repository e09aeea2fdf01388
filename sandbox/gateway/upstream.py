"""Connections to vendors: pooled, raw HTTP/1.1, one request at a time on each."""

import asyncio
import ssl
from collections import deque
from enum import StrEnum
from typing import Protocol, cast

import httptools

from sandbox.gateway.caps import Caps, Held
from sandbox.gateway.providers.base import Address

_OK = 200
_HEAD_BYTES = 65_536


class Failure(StrEnum):
    """How an attempt ended without a reply."""

    UNSENT = "unsent"  # no connection: the vendor never saw it
    SILENT = "silent"  # the connection ended before the first byte of a reply
    STALE = "stale"  # the same on a pooled connection, which the vendor may close at any time
    BROKEN = "broken"  # a reply began and is not whole, or is no HTTP
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"


class Receiver(Protocol):
    """Who waits for an attempt. Exactly one of reply, finished and failed is called, once."""

    def reply(self, status: int, body: bytes, retry_after: bytes) -> None:
        """Take a whole reply; of a streamed attempt only one whose status is not 200."""

    def piece(self, data: bytes) -> None:
        """Take the next bytes of a streamed body."""

    def finished(self) -> None:
        """Learn that a streamed body ended as HTTP says it must."""

    def failed(self, failure: Failure) -> None:
        """Learn that there will be no reply, or no more of it."""


class Flight:
    """One attempt on its way."""

    __slots__ = ("connection", "deadline", "pool", "receiver", "request", "stream", "task")

    def __init__(
        self, pool: "Pool", receiver: Receiver, request: bytes, deadline: float, *, stream: bool
    ) -> None:
        self.pool = pool
        self.receiver = receiver
        self.request = request
        self.deadline = deadline
        self.stream = stream
        self.connection: VendorConnection | None = None
        self.task: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        """Give the attempt up; its receiver hears nothing more."""
        self.pool.flights.discard(self)
        if self.task is not None:
            self.task.cancel()
            self.task = None
        if self.connection is not None:
            self.connection.drop()
            self.connection = None

    def fail(self, failure: Failure) -> None:
        """Give the attempt up and say why."""
        self.cancel()
        self.receiver.failed(failure)

    def hold(self, *, paused: bool) -> None:
        """Stop or go on reading, as the guest keeps up."""
        if self.connection is not None:
            self.connection.hold(paused=paused)


class VendorConnection(asyncio.Protocol):
    """One connection. Its parser lives as long as it does."""

    def __init__(self, pool: "Pool", address: Address) -> None:
        self._pool = pool
        self._address = address
        self._parser = httptools.HttpResponseParser(self)
        self._flight: Flight | None = None
        self._transport: asyncio.Transport
        self._paused = False
        self.idle_since = 0.0
        self._reset()

    def begin(self, flight: Flight, *, reused: bool) -> None:
        """Send a request."""
        self._reset()
        self._reused = reused
        self._flight = flight
        flight.connection = self
        self._transport.write(flight.request)

    def drop(self) -> None:
        """End the connection at once."""
        self._flight = None
        self._forget()
        self._transport.abort()

    def hold(self, *, paused: bool) -> None:
        """Stop or go on reading."""
        if paused != self._paused:
            self._paused = paused
            if paused:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _reset(self) -> None:
        self._received = 0
        self._size = 0
        self._status = 0
        self._retry_after = b""
        self._framed = False  # a length or a transfer coding says where the body ends
        self._body: list[bytes] = []
        self._complete = False
        self._surplus = False
        self._keep = False
        self._too_large = False
        self._reused = False

    def _forget(self) -> None:
        self._pool.held.give(self._size)
        self._size = 0
        self._body = []

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's inherits nothing

    def connection_lost(self, exc: Exception | None) -> None:
        """End the attempt, if there is one."""
        self._pool.forget(self, self._address)
        flight = self._flight
        if flight is None:
            return
        if self._status and not self._framed and exc is None and not self._too_large:
            self._complete = True  # such a body ends where the connection ends (RFC 9112, 6.3)
            self._keep = False
            self._deliver(flight)
        elif self._received:
            flight.fail(Failure.BROKEN)
        else:
            flight.fail(Failure.STALE if self._reused else Failure.SILENT)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a reply."""
        flight = self._flight
        if flight is None:  # nobody asked
            self._transport.abort()
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            flight.fail(Failure.BROKEN)
            return
        if self._too_large or (not self._status and self._received > _HEAD_BYTES):
            flight.fail(Failure.TOO_LARGE)
        else:
            self._deliver(flight)

    def _deliver(self, flight: Flight) -> None:
        streamed = flight.stream and self._status == _OK
        if streamed and self._body:
            body = b"".join(self._body)
            self._forget()
            flight.receiver.piece(body)
            if self._flight is not flight:  # the receiver gave up
                return
        if not self._complete:
            return
        body = b"".join(self._body)
        self._flight = flight.connection = None
        self._forget()
        self._pool.flights.discard(flight)
        self.hold(paused=False)
        if self._keep and not self._surplus:
            self._pool.keep(self, self._address)
        else:
            self._transport.close()
        if streamed:
            flight.receiver.finished()
        else:
            flight.receiver.reply(self._status, body, self._retry_after)

    # httptools

    def on_message_begin(self) -> None:
        """Note a reply that nobody asked for."""
        self._surplus = self._complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take the few fields that matter."""
        lowered = name.lower()
        if lowered in {b"content-length", b"transfer-encoding"}:
            self._framed = True
        elif lowered == b"retry-after":
            self._retry_after = value

    def on_headers_complete(self) -> None:
        """Take the status."""
        if not self._complete:
            status = self._parser.get_status_code()
            self._status = status if status >= _OK else 0  # 1xx precede the reply

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, within the caps."""
        if self._complete or self._too_large:
            return
        if self._size + len(body) > self._pool.reply_bytes or not self._pool.held.take(len(body)):
            self._too_large = True
            return
        self._size += len(body)
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Take the end of the reply."""
        if self._status:
            self._complete = True
            self._keep = self._parser.should_keep_alive()
        else:
            self._framed = False


class Pool:
    """All connections of one run, by address; as many as the meter lets calls be in flight."""

    def __init__(self, caps: Caps, tls: ssl.SSLContext | None) -> None:
        self._caps = caps
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._idle: dict[Address, deque[VendorConnection]] = {}
        self.flights: set[Flight] = set()
        self.held = Held(caps.held_bytes)
        self.reply_bytes = caps.reply_bytes

    def send(
        self,
        address: Address,
        request: bytes,
        receiver: Receiver,
        *,
        timeout_s: float,
        stream: bool,
        fresh: bool,
    ) -> Flight:
        """Start one attempt; `fresh` does without the pooled connections."""
        flight = Flight(self, receiver, request, self._loop.time() + timeout_s, stream=stream)
        self.flights.add(flight)
        idle = self._idle.get(address)
        if idle and not fresh:
            idle.pop().begin(flight, reused=True)
        else:
            flight.task = self._loop.create_task(self._connect(flight, address))
            flight.task.add_done_callback(self._check)
        return flight

    def keep(self, connection: VendorConnection, address: Address) -> None:
        """Take a connection back."""
        connection.idle_since = self._loop.time()
        self._idle.setdefault(address, deque()).append(connection)

    def forget(self, connection: VendorConnection, address: Address) -> None:
        """Let go of a connection that is lost."""
        idle = self._idle.get(address)
        if idle and connection in idle:
            idle.remove(connection)

    def sweep(self, now: float) -> None:
        """Fail what is overdue and close what rested too long."""
        for flight in [flight for flight in self.flights if now >= flight.deadline]:
            flight.fail(Failure.TIMEOUT)
        oldest = now - self._caps.vendor_idle_s
        for idle in self._idle.values():
            while idle and idle[0].idle_since < oldest:
                idle.popleft().drop()

    def close(self) -> None:
        """End every connection."""
        for flight in list(self.flights):
            flight.cancel()
        for idle in self._idle.values():
            while idle:
                idle.popleft().drop()

    async def _connect(self, flight: Flight, address: Address) -> None:
        try:
            async with asyncio.timeout(self._caps.connect_s):
                _, connection = await self._loop.create_connection(
                    lambda: VendorConnection(self, address),
                    address.host,
                    address.port,
                    ssl=self._tls if address.tls else None,
                )
        except (OSError, UnicodeError):
            flight.task = None
            flight.fail(Failure.UNSENT)
        else:
            flight.task = None
            connection.begin(flight, reused=False)

    def _check(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._loop.call_exception_handler({"message": "connect", "exception": error})
