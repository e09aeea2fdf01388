"""Admit or refuse, and count. Pure: the caller passes the time in.

A model call is charged before it is sent (a reservation, at its upper bound) and settled once
after. At every moment `spent + reserved` stays within each cap of the budget, as long as no
call uses more than it reserved; a vendor that reports more closes the meter.
"""

from enum import StrEnum

import msgspec

from sandbox.spec import Budget, Price

_MICRO = 1_000_000  # price is per million tokens


class Hold(StrEnum):
    """Why a call may not start. WAIT may pass by itself; every other reason is final."""

    WAIT = "wait"
    REQUESTS = "requests"
    TOKENS_IN = "tokens_in"
    TOKENS_OUT = "tokens_out"
    COST = "cost"
    WINDOW = "window"


class Reservation(msgspec.Struct, frozen=True):
    """The upper bound that one admitted call may use."""

    number: int
    tokens_in: int
    tokens_out: int


class MeterError(Exception):
    """A reservation was settled twice or never made: a bug of the caller."""


class Meter:
    """Spending of one run against its budget and its window (seconds since the epoch)."""

    def __init__(
        self, budget: Budget, price: Price, *, not_before: float, not_after: float
    ) -> None:
        self._budget = budget
        self._cost_cap = budget.cost_microusd * _MICRO
        self._price_in = price.in_microusd_per_mtok
        self._price_out = price.out_microusd_per_mtok
        self._not_before = not_before
        self._not_after = not_after
        self._open: dict[int, Reservation] = {}
        self._reserved_in = 0
        self._reserved_out = 0
        self.denied: Hold | None = None
        self.requests = 0
        self.tokens_in = 0
        self.tokens_out = 0

    @property
    def outstanding(self) -> int:
        """Calls admitted and not yet settled."""
        return len(self._open)

    @property
    def reserved(self) -> tuple[int, int]:
        """Tokens in and out of all outstanding reservations."""
        return self._reserved_in, self._reserved_out

    @property
    def cost_microusd(self) -> int:
        """What the settled calls cost, rounded up to a whole millionth of a dollar."""
        return -(-self._cost(self.tokens_in, self.tokens_out) // _MICRO)

    def admit(self, now: float, tokens_in: int, tokens_out: int | None) -> Reservation | Hold:
        """Reserve one call, or say why not. `tokens_out` None reserves all that is left.

        Once a final reason was given every later call gets the same one.
        """
        hold = self.denied or self._hold(now, tokens_in, tokens_out)
        if hold is Hold.WAIT:
            return hold
        if hold is not None:
            self.denied = hold
            return hold
        if tokens_out is None:
            tokens_out = self._output_left(tokens_in)
        self.requests += 1
        reservation = Reservation(self.requests, tokens_in, tokens_out)
        self._open[reservation.number] = reservation
        self._reserved_in += tokens_in
        self._reserved_out += tokens_out
        return reservation

    def settle(self, reservation: Reservation, tokens_in: int, tokens_out: int) -> None:
        """Replace a reservation by what was used. Raises MeterError on a second time."""
        if self._open.pop(reservation.number, None) is None:
            raise MeterError("reservation is not open")
        self._reserved_in -= reservation.tokens_in
        self._reserved_out -= reservation.tokens_out
        self.tokens_in += tokens_in
        self.tokens_out += tokens_out

    def _hold(self, now: float, tokens_in: int, tokens_out: int | None) -> Hold | None:
        if not self._not_before <= now < self._not_after:
            return Hold.WINDOW
        if self.requests >= self._budget.requests:
            return Hold.REQUESTS
        least_out = 1 if tokens_out is None else tokens_out
        # First against what is spent for good: no settlement can make room for such a call.
        final = self._excess(self.tokens_in + tokens_in, self.tokens_out + least_out)
        if final is not None:
            return final
        if not self._open:
            return None
        if tokens_out is None or len(self._open) >= self._budget.concurrency:
            return Hold.WAIT
        total_in = self.tokens_in + self._reserved_in + tokens_in
        total_out = self.tokens_out + self._reserved_out + tokens_out
        return None if self._excess(total_in, total_out) is None else Hold.WAIT

    def _excess(self, tokens_in: int, tokens_out: int) -> Hold | None:
        if tokens_in > self._budget.tokens_in:
            return Hold.TOKENS_IN
        if tokens_out > self._budget.tokens_out:
            return Hold.TOKENS_OUT
        if self._cost(tokens_in, tokens_out) > self._cost_cap:
            return Hold.COST
        return None

    def _output_left(self, tokens_in: int) -> int:
        left = self._budget.tokens_out - self.tokens_out
        if self._price_out:
            money = self._cost_cap - self._cost(self.tokens_in + tokens_in, self.tokens_out)
            left = min(left, money // self._price_out)
        return left

    def _cost(self, tokens_in: int, tokens_out: int) -> int:
        return tokens_in * self._price_in + tokens_out * self._price_out
