from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from sandbox.gateway.meter import Hold, Meter, MeterError, Reservation
from sandbox.spec import Budget, Price

BUDGET = Budget(requests=5, tokens_in=100, tokens_out=50, cost_microusd=1000, concurrency=2)
PRICE = Price(in_microusd_per_mtok=1_000_000, out_microusd_per_mtok=2_000_000)


def meter(price=PRICE, **changes):
    return Meter(replace(BUDGET, **changes), price, not_before=10.0, not_after=20.0)


def admitted(result):
    assert isinstance(result, Reservation)
    return result


def test_a_call_is_charged_before_and_settled_after():
    m = meter()
    reservation = admitted(m.admit(10, 40, 20))
    assert m.reserved == (40, 20)
    m.settle(reservation, 30, 10)
    assert (m.reserved, m.tokens_in, m.tokens_out, m.cost_microusd) == ((0, 0), 30, 10, 50)


def test_cost_is_rounded_up():
    m = meter(Price(1, 0))
    m.settle(admitted(m.admit(10, 1, 1)), 1, 1)
    assert m.cost_microusd == 1


@pytest.mark.parametrize("now", [9.999, 20.0, 1e9])
def test_outside_its_window_nothing_is_admitted(now):
    assert meter().admit(now, 1, 1) is Hold.WINDOW


@pytest.mark.parametrize(
    ("tokens_in", "tokens_out", "hold"),
    [(101, 1, Hold.TOKENS_IN), (1, 51, Hold.TOKENS_OUT)],
)
def test_what_can_never_fit_is_denied(tokens_in, tokens_out, hold):
    assert meter().admit(10, tokens_in, tokens_out) is hold


def test_money_is_a_cap_of_its_own():
    assert meter(cost_microusd=99).admit(10, 60, 20) is Hold.COST
    admitted(meter(cost_microusd=100).admit(10, 60, 20))


def test_a_denial_is_final():
    m = meter()
    m.admit(10, 101, 1)
    assert m.admit(10, 1, 1) is Hold.TOKENS_IN


def test_what_may_fit_later_waits():
    m = meter()
    first = admitted(m.admit(10, 80, 10))
    assert m.admit(10, 80, 10) is Hold.WAIT
    m.settle(first, 10, 5)
    admitted(m.admit(10, 80, 10))


def test_no_more_calls_than_agreed_are_in_flight():
    m = meter()
    first = admitted(m.admit(10, 1, 1))
    admitted(m.admit(10, 1, 1))
    assert m.admit(10, 1, 1) is Hold.WAIT
    m.settle(first, 1, 1)
    admitted(m.admit(10, 1, 1))


def test_each_attempt_counts_as_a_request():
    m = meter()
    for _ in range(5):
        m.settle(admitted(m.admit(10, 1, 1)), 0, 0)
    assert m.admit(10, 1, 1) is Hold.REQUESTS


def test_a_reservation_is_settled_once():
    m = meter()
    reservation = admitted(m.admit(10, 1, 1))
    m.settle(reservation, 1, 1)
    with pytest.raises(MeterError):
        m.settle(reservation, 1, 1)


def test_without_a_cap_on_replies_a_call_reserves_all_that_is_left():
    m = meter(cost_microusd=100)
    reservation = admitted(m.admit(10, 40, None))
    assert reservation.tokens_out == 30  # what 60 millionths still buy
    assert m.admit(10, 1, None) is Hold.WAIT
    m.settle(reservation, 40, 10)
    assert admitted(m.admit(10, 0, None)).tokens_out == 20


def test_a_vendor_that_reports_more_than_was_reserved_closes_the_meter():
    m = meter()
    m.settle(admitted(m.admit(10, 10, 10)), 10, 60)
    assert m.admit(10, 1, 1) is Hold.TOKENS_OUT


class MeterMachine(RuleBasedStateMachine):
    """Against a model that keeps every call it ever saw."""

    reservations = Bundle("reservations")

    def __init__(self):
        super().__init__()
        self.budget = Budget(8, 200, 120, 300, 3)
        self.price = Price(700_000, 1_300_000)
        self.meter = Meter(self.budget, self.price, not_before=0, not_after=100)
        self.open = {}
        self.used = []
        self.admissions = 0
        self.denied = None

    @rule(
        target=reservations,
        now=st.sampled_from([0, 50, 99.9]),
        tokens_in=st.integers(0, 80),
        tokens_out=st.one_of(st.none(), st.integers(0, 60)),
    )
    def ask(self, now, tokens_in, tokens_out):
        asked = self.meter.admit(now, tokens_in, tokens_out)
        if self.denied is not None:
            assert asked is self.denied
        if isinstance(asked, Reservation):
            assert asked.number not in self.open
            self.open[asked.number] = asked
            self.admissions += 1
            return asked
        if asked is Hold.WAIT:
            assert self.open  # or it would wait for ever
        else:
            self.denied = asked
        return None

    @rule(reservation=consumes(reservations), share=st.floats(0, 1))
    def settle(self, reservation, share):
        if reservation is None:
            return
        used = (int(reservation.tokens_in * share), int(reservation.tokens_out * share))
        self.meter.settle(reservation, *used)
        del self.open[reservation.number]
        self.used.append(used)
        with pytest.raises(MeterError):
            self.meter.settle(reservation, *used)

    @rule()
    def late(self):
        assert not isinstance(self.meter.admit(100, 0, 0), Reservation)
        self.denied = self.meter.denied

    @invariant()
    def nothing_is_lost(self):
        assert self.meter.outstanding == len(self.open) == self.admissions - len(self.used)
        assert self.meter.requests == self.admissions
        assert self.meter.tokens_in == sum(tokens for tokens, _ in self.used)
        assert self.meter.tokens_out == sum(tokens for _, tokens in self.used)

    @invariant()
    def spent_and_reserved_stay_within_the_budget(self):
        tokens_in = self.meter.tokens_in + sum(r.tokens_in for r in self.open.values())
        tokens_out = self.meter.tokens_out + sum(r.tokens_out for r in self.open.values())
        cost = tokens_in * self.price.in_microusd_per_mtok
        cost += tokens_out * self.price.out_microusd_per_mtok
        assert self.meter.requests <= self.budget.requests
        assert tokens_in <= self.budget.tokens_in
        assert tokens_out <= self.budget.tokens_out
        assert cost <= self.budget.cost_microusd * 1_000_000
        assert self.meter.outstanding <= self.budget.concurrency


TestMeterMachine = MeterMachine.TestCase
TestMeterMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
