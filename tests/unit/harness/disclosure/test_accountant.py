import pytest

from harness.disclosure.accountant import (
    YEAR_S,
    Account,
    Caps,
    Charge,
    Refund,
    Spent,
    charge,
    check,
    refund,
    spent,
)
from harness.disclosure.errors import BudgetExceeded, LedgerInvalid

BIT = 1_000_000
ME = Account("uni-a", "uni-group", "model-1")
SISTER = Account("uni-b", "uni-group", "model-1")
STRANGER = Account("lab", "lab", "model-1")
OTHER_MODEL = Account("uni-a", "uni-group", "model-2")
NONE_SPENT = Spent(0, 0, 0)


def entry(run, account=ME, bits=10, at=0):
    return Charge(run, account, bits * BIT, at)


def test_each_ledger_sees_its_own_charges():
    entries = [entry("a"), entry("b", SISTER), entry("c", STRANGER), entry("d", OTHER_MODEL)]
    assert spent(entries, ME, 0) == Spent(10 * BIT, 20 * BIT, 30 * BIT)
    assert spent(entries, OTHER_MODEL, 0) == Spent(10 * BIT, 10 * BIT, 10 * BIT)


def test_a_charge_counts_for_a_year():
    entries = [entry("a", at=1000)]
    assert spent(entries, ME, 1000 + YEAR_S - 1).pair == 10 * BIT
    assert spent(entries, ME, 1000 + YEAR_S).pair == 0


def test_a_clock_set_back_gives_nothing_away():
    assert spent([entry("a", at=5000)], ME, 10).pair == 10 * BIT


def test_defaults():
    assert Caps() == Caps(report=64, pair=512, owner_group=1024, model=4096)


def test_a_cap_can_be_spent_to_the_last_microbit():
    caps = Caps(report=64, pair=64)
    check(64 * BIT, NONE_SPENT, caps)
    check(1, Spent(64 * BIT - 1, 0, 0), caps)
    with pytest.raises(BudgetExceeded):
        check(2, Spent(64 * BIT - 1, 0, 0), caps)


def test_all_ledgers_that_cannot_pay_are_named_at_once():
    with pytest.raises(BudgetExceeded) as caught:
        check(70 * BIT, Spent(450 * BIT, 960 * BIT, 4000 * BIT), Caps())
    assert [e.ledger for e in caught.value.exceeded] == ["report", "pair", "owner_group"]
    assert caught.value.exceeded[1].spent == 450 * BIT
    assert caught.value.exceeded[1].cap == 512 * BIT
    assert caught.value.exceeded[1].asked == 70 * BIT
    assert "ledger pair: 450.000 of 512.000 bits are spent, 70.000 are asked" in str(caught.value)


@pytest.mark.parametrize(
    ("spent_now", "ledger"),
    [
        (Spent(512 * BIT, 0, 0), "pair"),
        (Spent(0, 1024 * BIT, 0), "owner_group"),
        (Spent(0, 0, 4096 * BIT), "model"),
    ],
)
def test_each_ledger_alone_can_refuse(spent_now, ledger):
    with pytest.raises(BudgetExceeded) as caught:
        check(1, spent_now, Caps())
    assert [e.ledger for e in caught.value.exceeded] == [ledger]


@pytest.mark.parametrize("asked", [-1, 1.0, True])
def test_only_amounts_are_charged(asked):
    with pytest.raises(LedgerInvalid):
        check(asked, NONE_SPENT, Caps())


def test_a_refund_takes_back_the_whole_charge():
    entries = charge([], entry("a"), Caps())
    entries = refund(entries, "a", 5)
    assert entries == (entry("a"), Refund("a", 5))
    assert spent(entries, ME, 5) == NONE_SPENT


def test_nothing_is_refunded_twice_or_without_a_charge():
    entries = refund([entry("a")], "a", 5)
    for run in ("a", "b"):
        with pytest.raises(LedgerInvalid):
            refund(entries, run, 6)


def test_nothing_is_charged_twice():
    entries = charge([], entry("a"), Caps())
    with pytest.raises(LedgerInvalid):
        charge(entries, entry("a", at=1), Caps())
    with pytest.raises(LedgerInvalid):
        charge(refund(entries, "a", 1), entry("a", at=2), Caps())


@pytest.mark.parametrize(
    "entries",
    [
        [entry("a"), entry("a")],
        [Refund("a", 0)],
        [Refund("a", 0), entry("a")],
        [entry("a"), Refund("a", 1), Refund("a", 2)],
        [entry("a", bits=-1)],
    ],
)
def test_a_ledger_that_contradicts_itself_pays_nothing(entries):
    with pytest.raises(LedgerInvalid):
        spent(entries, ME, 0)
