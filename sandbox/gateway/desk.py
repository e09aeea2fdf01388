"""What all calls of one run share: the meter, the queue, the counts and the run's fate."""

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from sandbox.gateway.caps import Caps
from sandbox.gateway.events import Counts, Events
from sandbox.gateway.meter import Meter
from sandbox.gateway.upstream import Pool
from sandbox.spec import ModelGrant, UsageReceipt


class Waiter(Protocol):
    """A call as the desk sees it."""

    def seek(self) -> bool:
        """Ask to be admitted once more; False when it must go on waiting."""

    def cancel(self) -> None:
        """End without an answer, and settle."""


class Desk:
    """State of one run.

    `lost` means the vendor was down before any reply reached the guest: from then on nothing is
    answered, so that the guest learns nothing that the refund of the run would then deny.
    `closed` means that the run takes no more scores, whatever the reason.
    """

    def __init__(
        self, grant: ModelGrant, caps: Caps, events: Events, pool: Pool, *, await_ack: bool
    ) -> None:
        self.grant = grant
        self.caps = caps
        self.events = events
        self.pool = pool
        self.counts = Counts()
        self.meter = Meter(
            grant.budget, grant.price, not_before=grant.not_before, not_after=grant.not_after
        )
        self.calls: set[Waiter] = set()
        self.waiting: deque[Waiter] = deque()
        self.replied = False
        self.lost = False
        self.closed = False
        self._await_ack = await_ack
        self._ready: list[Callable[[], None]] = []

    def pump(self) -> None:
        """Admit what waits, first come first served, as far as it fits."""
        while self.waiting and self.waiting[0].seek():
            pass

    def deny(self) -> bool:
        """Count a refused call and say whether to answer it; the first one decides the run.

        A budget that was spent on a vendor's failures alone is the vendor's fault.
        """
        self.counts.denied += 1
        if self.closed:
            return not self.lost
        if self.counts.vendor_errors and not self.replied:
            return self.exhausted()
        self.closed = True
        self.events.emit("over_budget", code=self.meter.denied)
        return True

    def exhausted(self) -> bool:
        """Say whether a failed call may be answered; if not, the run is lost.

        A run whose end is decided already stays as it was decided.
        """
        if self.lost:
            return False
        if self.replied or self.closed:
            return True
        self.lost = self.closed = True
        self.events.emit("vendor_down")
        self.cancel_all()
        return False

    def when_announced(self, deliver: Callable[[], None]) -> None:
        """Deliver a reply once the session knows that the first one is about to be."""
        if not self.replied:
            self.replied = True
            self.events.emit("first_reply")
        if self._await_ack:
            self._ready.append(deliver)
        else:
            deliver()

    def acknowledged(self) -> None:
        """Deliver what was held back; nothing is from now on."""
        self._await_ack = False
        ready, self._ready = self._ready, []
        for deliver in ready:
            deliver()

    def cancel_all(self) -> None:
        """End every call without an answer."""
        self.waiting.clear()
        for call in list(self.calls):
            call.cancel()

    def now(self) -> float:
        """Return seconds since the epoch, the clock of the window."""
        return time.time()

    def receipt(self) -> UsageReceipt:
        """Return what was counted so far."""
        counts, meter = self.counts, self.meter
        return UsageReceipt(
            protocol_digest=self.grant.protocol_digest,
            requests=counts.requests,
            attempts=meter.requests,
            retries=counts.retries,
            replies=counts.replies,
            vendor_errors=counts.vendor_errors,
            denied=counts.denied,
            tokens_in=meter.tokens_in,
            tokens_out=meter.tokens_out,
            cost_microusd=meter.cost_microusd,
        )
