"""The accountant as a state machine: whatever happens, no window ever holds more than its cap."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from harness.disclosure.accountant import (
    YEAR_S,
    Account,
    Caps,
    Charge,
    charge,
    refund,
    spent,
)
from harness.disclosure.errors import BudgetExceeded, LedgerInvalid

BIT = 1_000_000
CAPS = Caps(report=60, pair=100, owner_group=150, model=220)
ACCOUNTS = [
    Account(auditor, owner, model)
    for auditor, owner in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("c1", "c"))
    for model in ("m1", "m2")
]
LEDGERS = (
    ("pair", CAPS.pair, lambda account: (account.auditor, account.model)),
    ("owner_group", CAPS.owner_group, lambda account: (account.owner_group, account.model)),
    ("model", CAPS.model, lambda account: account.model),
)


class Ledger(RuleBasedStateMachine):
    """Charges and refunds at times that also go backwards, beside a model that only lists."""

    runs = Bundle("runs")

    def __init__(self):
        super().__init__()
        self.entries = ()
        self.standing = {}
        self.count = 0

    @rule(
        target=runs,
        account=st.sampled_from(ACCOUNTS),
        microbits=st.integers(1, 70 * BIT),
        at=st.integers(0, 3 * YEAR_S),
    )
    def reserve(self, account, microbits, at):
        self.count += 1
        new = Charge(f"run-{self.count}", account, microbits, at)
        before = spent(self.entries, account, at)
        room = min(
            CAPS.report * BIT,
            *(cap * BIT - getattr(before, name) for name, cap, _ in LEDGERS),
        )
        if microbits <= room:
            self.entries = charge(self.entries, new, CAPS)
            self.standing[new.run] = new
        else:
            with pytest.raises(BudgetExceeded) as caught:
                charge(self.entries, new, CAPS)
            short = {
                name for name, cap, _ in LEDGERS if getattr(before, name) + microbits > cap * BIT
            }
            short |= {"report"} if microbits > CAPS.report * BIT else set()
            assert {exceeded.ledger for exceeded in caught.value.exceeded} == short
        return new.run

    @rule(run=runs, at=st.integers(0, 3 * YEAR_S))
    def give_back(self, run, at):
        if run in self.standing:
            self.entries = refund(self.entries, run, at)
            del self.standing[run]
        else:
            with pytest.raises(LedgerInvalid):
                refund(self.entries, run, at)

    @rule(run=runs, at=st.integers(0, 3 * YEAR_S))
    def charge_again(self, run, at):
        if run in self.standing:
            with pytest.raises(LedgerInvalid):
                charge(self.entries, Charge(run, ACCOUNTS[0], 1, at), CAPS)

    @invariant()
    def no_year_holds_more_than_its_cap(self):
        """Every window that ends at a charge, in every ledger; those are the fullest ones."""
        charges = list(self.standing.values())
        for _, cap, key in LEDGERS:
            for last in charges:
                window = sum(
                    other.microbits
                    for other in charges
                    if key(other.account) == key(last.account)
                    and last.at - YEAR_S < other.at <= last.at
                )
                assert window <= cap * BIT

    @invariant()
    def what_is_spent_is_what_stands(self):
        for account in ACCOUNTS:
            total = spent(self.entries, account, 0)
            for name, _, key in LEDGERS:
                assert getattr(total, name) == sum(
                    other.microbits
                    for other in self.standing.values()
                    if key(other.account) == key(account)
                )


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
