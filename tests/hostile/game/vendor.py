"""A mock vendor whose model says k planted bits, in place of the gateway's connections."""

import json
from collections import deque

from sandbox.gateway.upstream import Failure
from tests.hostile.game.clock import Clock

# What a prompt must hold for this vendor to break down over it.
TROUBLE = b"trouble"


class Flight:
    """One attempt that waits for the vendor; it is over at `due`, by a reply or by its time."""

    def __init__(
        self, receiver, request: bytes, now: float, thinks_s: float, most_s: float
    ) -> None:
        self.receiver, self.request, self.over = receiver, request, False
        self.late = thinks_s > most_s
        self.due = now + min(thinks_s, most_s)

    def cancel(self) -> None:
        self.over = True

    def hold(self, *, paused: bool) -> None:
        """Nothing is streamed here."""


class Vendor:
    """Answers every call with `says`, except those that ask for trouble; those get a 500.

    It takes `thinks_s` seconds for a reply.
    """

    def __init__(self, says: str, clock: Clock, thinks_s: float) -> None:
        self._says = says
        self._clock = clock
        self._thinks_s = thinks_s
        self._waiting: deque[Flight] = deque()
        self.requests: list[bytes] = []

    def send(self, address, request, receiver, *, timeout_s, stream, fresh) -> Flight:
        flight = Flight(receiver, request, self._clock.now, self._thinks_s, timeout_s)
        self._waiting.append(flight)
        return flight

    def work(self) -> bool:
        """Answer one waiting attempt; False when there is none that is due."""
        if not self._waiting or self._waiting[0].due > self._clock.now:
            return False
        flight = self._waiting.popleft()
        if not flight.over:
            self.requests.append(flight.request)
            if flight.late:
                flight.receiver.failed(Failure.TIMEOUT)
            else:
                flight.receiver.reply(*self._reply(flight.request))
        return True

    def _reply(self, request: bytes) -> tuple[int, bytes, bytes]:
        if TROUBLE in request:
            return 500, b"", b""
        message = {"role": "assistant", "content": self._says}
        usage = {"prompt_tokens": len(request), "completion_tokens": len(self._says)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return 200, json.dumps({"choices": [choice], "usage": usage}).encode(), b""
