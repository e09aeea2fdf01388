"""One model call of the guest, from admission over its attempts to the last byte.

    waiting ──► in flight ──► delivered
       ▲            │
       └── resting ◄┘ (retry)        any state ──► over (refused, exhausted, cancelled)

Every attempt is admitted and settled by itself: a vendor that refused with a status is charged
nothing, one that may have begun the work is charged what it reports, or the reserved bound.
"""

import asyncio
import secrets
from typing import Protocol

from sandbox.errors import VendorFault
from sandbox.gateway import answers
from sandbox.gateway.backoff import pause, retry_after
from sandbox.gateway.desk import Desk
from sandbox.gateway.meter import Hold, Reservation
from sandbox.gateway.policy import Prepared
from sandbox.gateway.replies import Frame, rebuild
from sandbox.gateway.shapes import Usage
from sandbox.gateway.streams import Stream
from sandbox.gateway.upstream import Failure, Flight

_OK = 200
_SERVER_ERROR = 500
_RETRIED = frozenset({408, 409, 425, 429})
_FREE = frozenset({Failure.UNSENT, Failure.SILENT, Failure.STALE})


class Guest(Protocol):
    """The guest's connection, as a call sees it."""

    def answer(self, answer: answers.Answer) -> None:
        """End the exchange with a constant."""

    def whole(self, body: bytes) -> None:
        """End the exchange with a rebuilt reply."""

    def begin_stream(self) -> None:
        """Send the head of a streamed reply."""

    def piece(self, data: bytes) -> None:
        """Send the next events."""

    def end_stream(self) -> None:
        """End the exchange after its last event."""

    def break_stream(self) -> None:
        """End the exchange so that no client can take the reply for a whole one."""


class Call:
    """Tells the desk, the vendor's connection and the guest's connection of each other."""

    def __init__(self, desk: Desk, guest: Guest, prepared: Prepared) -> None:
        desk.counts.requests += 1
        desk.calls.add(self)
        self._desk = desk
        self._guest = guest
        self._prepared = prepared
        self._frame = Frame(
            number=desk.counts.requests,
            created=int(desk.now()),
            role=prepared.role,
            choices=prepared.choices,
            logprobs=prepared.logprobs,
            include_usage=prepared.include_usage,
        )
        self._attempts = 0
        self._failures = 0
        self._fresh = False
        self._reservation: Reservation | None = None
        self._flight: Flight | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._over = False
        self._stream: Stream | None = None
        self._streamed = 0
        self._outbox: list[bytes] = []  # events before the guest has the reply's head
        self._begun = False
        self._ended: bool | None = None  # the stream: None going on, True whole, False broken

    # Admission

    def start(self) -> None:
        """Ask to be admitted, behind those who wait already."""
        if self._desk.waiting or not self.seek():
            self._desk.waiting.append(self)

    def seek(self) -> bool:
        """Ask the meter; False when there is no room yet. See `Waiter`."""
        desk = self._desk
        asked = desk.meter.admit(desk.now(), self._prepared.tokens_in, self._prepared.tokens_out)
        if asked is Hold.WAIT:
            return False
        if desk.waiting and desk.waiting[0] is self:
            desk.waiting.popleft()
        if isinstance(asked, Reservation):
            self._send(asked)
        else:
            self._finish()
            if desk.deny():
                self._guest.answer(answers.DENIED)
        return True

    def cancel(self) -> None:
        """End without an answer: the guest is gone, or the run is over."""
        if self._over:
            return
        if self._flight is not None:
            self._flight.cancel()
            self._settle(None)
        if self in self._desk.waiting:
            self._desk.waiting.remove(self)
        self._finish()

    def hold(self, *, paused: bool) -> None:
        """Let the vendor's connection wait while the guest does not read."""
        if self._flight is not None and self._stream is not None:
            self._flight.hold(paused=paused)

    def _send(self, reservation: Reservation) -> None:
        self._attempts += 1
        if self._attempts > 1:
            self._desk.counts.retries += 1
        self._reservation = reservation
        route, body, stream = self._prepared.route, self._prepared.body, self._prepared.stream
        if stream:
            self._stream = Stream(self._frame, self._desk.caps.reply_bytes)
            self._streamed = 0
        self._flight = self._desk.pool.send(
            route.address,
            b"%b%d\r\n\r\n%b" % (route.head, len(body), body),
            self,
            timeout_s=self._desk.grant.request_timeout_s,
            stream=stream,
            fresh=self._fresh,
        )

    def _settle(self, used: Usage | None, *, free: bool = False) -> None:
        reservation, self._reservation, self._flight = self._reservation, None, None
        if reservation is None:
            return
        if free:
            self._desk.meter.settle(reservation, 0, 0)
        elif used is None:
            self._desk.meter.settle(reservation, reservation.tokens_in, reservation.tokens_out)
        else:
            self._desk.meter.settle(reservation, used.prompt_tokens, used.completion_tokens)

    def _finish(self) -> None:
        self._over = True
        self._desk.calls.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    # Receiver: what the vendor's connection reports

    def reply(self, status: int, body: bytes, retry_after: bytes) -> None:
        """See `Receiver`."""
        if status != _OK:
            self._settle(None, free=True)
            self._refused(status, retry_after)
        else:
            try:
                rebuilt, usage = rebuild(body, self._frame)
            except VendorFault:
                self._settle(None)
                self._retry(None)
            else:
                self._settle(usage)
                self._desk.when_announced(lambda: self._deliver(rebuilt))
        self._desk.pump()

    def piece(self, data: bytes) -> None:
        """See `Receiver`."""
        stream, flight = self._stream, self._flight
        if stream is None or flight is None:
            return
        self._streamed += len(data)
        try:
            out = stream.feed(data)
        except VendorFault:
            flight.fail(Failure.BROKEN)
            return
        if self._streamed > self._desk.caps.reply_bytes:
            flight.fail(Failure.TOO_LARGE)
        elif out:
            self._forward(out)

    def finished(self) -> None:
        """See `Receiver`."""
        stream = self._stream
        if stream is None or not stream.complete:
            self.failed(Failure.BROKEN)
            return
        self._settle(stream.usage)
        self._ended = True
        self._forward(stream.close())
        self._desk.pump()

    def failed(self, failure: Failure) -> None:
        """See `Receiver`."""
        stream = self._stream
        if stream is not None and stream.complete:
            self.finished()  # every choice had ended; only the connection's own end is missing
            return
        self._settle(None, free=failure in _FREE)
        if self._begun or self._outbox:
            self._desk.counts.vendor_errors += 1
            self._ended = False
            self._forward(b"")
        elif failure is Failure.STALE:
            self._fresh = True
            self._again(0.0)
        else:
            self._retry(None)
        self._desk.pump()

    # Retries

    def _refused(self, status: int, header: bytes) -> None:
        if status in _RETRIED or status >= _SERVER_ERROR:
            self._retry(retry_after(header))
        else:
            self._desk.counts.vendor_errors += 1
            self._give_up()

    def _retry(self, asked: float | None) -> None:
        self._desk.counts.vendor_errors += 1
        self._failures += 1
        if self._failures > self._desk.grant.retries:
            self._give_up()
            return
        caps = self._desk.caps
        jitter = secrets.randbelow(1024) / 1024
        rest = pause(self._failures, base=caps.backoff_s, cap=caps.backoff_cap_s, jitter=jitter)
        if asked is not None:
            rest = max(rest, min(asked, caps.retry_after_cap_s))
        self._again(rest)

    def _again(self, rest: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(rest, self.start)

    def _give_up(self) -> None:
        self._finish()
        if self._desk.exhausted():
            self._guest.answer(answers.VENDOR_FAILED)

    # Delivery

    def _deliver(self, body: bytes) -> None:
        if self._over:
            return
        self._finish()
        self._desk.counts.replies += 1
        self._guest.whole(body)

    def _forward(self, out: bytes) -> None:
        if out:
            self._outbox.append(out)
        if self._begun:
            self._flush()
        elif len(self._outbox) == 1:
            self._desk.when_announced(self._begin)

    def _begin(self) -> None:
        if self._over or self._begun:
            return
        self._begun = True
        self._guest.begin_stream()
        self._flush()

    def _flush(self) -> None:
        if self._outbox:
            self._guest.piece(b"".join(self._outbox))
            self._outbox.clear()
        if self._ended is None or self._over:
            return
        self._finish()
        if self._ended:
            self._desk.counts.replies += 1
            self._guest.end_stream()
        else:
            self._guest.break_stream()
