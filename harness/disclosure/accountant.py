"""The accountant: what has been spent, like money, and what a new report may still cost.

Entries are append-only and can be re-derived from the log: a charge with every reservation, a
refund when a run ended before the guest had seen anything. Amounts are microbits, rounded up;
times are whole seconds since the Unix epoch. Callers fetch entries and write the charge in one
transaction, so that two launches cannot both pass.

Where a protocol adds noise, the epsilon of one record is charged with the bits: it adds up too,
and its sum per (auditor, model) has a cap of its own. Amounts are millionths.

A charge counts for 365 days: in (now - year, now], and also when its time lies ahead of `now`,
so a clock that was set back gives nothing away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.disclosure.bits import MICRO, text
from harness.disclosure.errors import BudgetExceeded, Exceeded, LedgerInvalid
from harness.disclosure.privacy import micro_text as decimal

YEAR_S = 365 * 24 * 60 * 60
REFUNDS_PER_SLOT = 2
# Usual cap on epsilon, in millionths; an agreement may sign another.
EPSILON_CAP = 10 * MICRO


@dataclass(frozen=True, slots=True)
class Caps:
    """Caps in bits: of one report, and of a rolling year in the three ledgers.

    A vendor may sign higher or lower ones. `microepsilon` is the cap of the fourth, in millionths
    of epsilon for one record; there is none where no noise is agreed.
    """

    report: int = 64
    pair: int = 512
    owner_group: int = 1024
    model: int = 4096
    microepsilon: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Whose report about which model; `owner_group` is every organisation with one owner."""

    auditor: str
    owner_group: str
    model: str


@dataclass(frozen=True, slots=True)
class Charge:
    """The whole alphabet of one reserved run."""

    run: str
    account: Account
    microbits: int
    at: int
    microepsilon: int = 0


@dataclass(frozen=True, slots=True)
class Refund:
    """Takes back the charge of a run of whose target nothing had reached the guest."""

    run: str
    at: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Microbits spent in the window, per ledger: (auditor, model), (owner group, model), model.

    And millionths of epsilon, per (auditor, model).
    """

    pair: int
    owner_group: int
    model: int
    microepsilon: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """What one ledger of a model holds: `ledger` is pair, owner_group, model or epsilon.

    `holder` is the auditor or the owner group, empty for the model's own. Of `epsilon`, which is
    a pair's, `microbits` are millionths of epsilon. `frees_at` is when the
    oldest of its charges leaves the window.
    """

    ledger: str
    holder: str
    microbits: int
    frees_at: int


Entry = Charge | Refund


def spent(entries: Iterable[Entry], account: Account, now: int) -> Spent:
    """Add up what counts against an account at `now`.

    Raises `LedgerInvalid` when a run is charged or refunded twice, or refunded uncharged.
    """
    pair = owner_group = model = epsilon = 0
    for charge in _standing(entries):
        if charge.at <= now - YEAR_S or charge.account.model != account.model:
            continue
        model += charge.microbits
        if charge.account.owner_group == account.owner_group:
            owner_group += charge.microbits
        if charge.account.auditor == account.auditor:
            pair += charge.microbits
            epsilon += charge.microepsilon
    return Spent(pair, owner_group, model, epsilon)


def lines(entries: Iterable[Entry], now: int) -> tuple[Line, ...]:
    """Every ledger of one model that holds something at `now`, the model's own first.

    `entries` are of one model. Raises `LedgerInvalid` as `spent` does.
    """
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for charge in _standing(entries):
        if charge.at > now - YEAR_S:
            account = charge.account
            for key in (
                ("model", ""),
                ("owner_group", account.owner_group),
                ("pair", account.auditor),
            ):
                found.setdefault(key, []).append((charge.microbits, charge.at))
            if charge.microepsilon:
                of_epsilon = found.setdefault(("epsilon", account.auditor), [])
                of_epsilon.append((charge.microepsilon, charge.at))
    return tuple(
        Line(
            ledger,
            holder,
            sum(amount for amount, _ in charges),
            min(at for _, at in charges) + YEAR_S,
        )
        for (ledger, holder), charges in sorted(found.items(), key=_by_ledger)
    )


def _by_ledger(item: tuple[tuple[str, str], object]) -> tuple[bool, str, str]:
    (ledger, holder), _ = item
    return ledger == "epsilon", ledger, holder


def check(asked: int, spent: Spent, caps: Caps, microepsilon: int = 0) -> None:
    """Pass when every ledger can pay `asked` microbits, and `microepsilon` where noise is agreed.

    Raises `BudgetExceeded` with all ledgers that cannot.
    """
    if type(microepsilon) is not int or microepsilon < 0:
        raise LedgerInvalid("charge: epsilon must be an integer of millionths, not negative")
    if type(asked) is not int or asked < 0:
        raise LedgerInvalid("charge: must be an integer of microbits, not negative")
    ledgers = (
        ("report", 0, caps.report),
        ("pair", spent.pair, caps.pair),
        ("owner_group", spent.owner_group, caps.owner_group),
        ("model", spent.model, caps.model),
    )
    exceeded = tuple(
        Exceeded(name, used, cap * MICRO, asked)
        for name, used, cap in ledgers
        if used + asked > cap * MICRO
    )
    if microepsilon and spent.microepsilon + microepsilon > (caps.microepsilon or 0):
        exceeded += (Exceeded("epsilon", spent.microepsilon, caps.microepsilon or 0, microepsilon),)
    if exceeded:
        raise BudgetExceeded(exceeded, "; ".join(map(_in_words, exceeded)))


def charge(entries: Sequence[Entry], new: Charge, caps: Caps) -> tuple[Entry, ...]:
    """Return the entries with a new charge.

    Raises `BudgetExceeded` when a ledger cannot pay, `LedgerInvalid` for a run charged before.
    """
    if any(isinstance(entry, Charge) and entry.run == new.run for entry in entries):
        raise LedgerInvalid("charge: this run is charged already")
    check(new.microbits, spent(entries, new.account, new.at), caps, new.microepsilon)
    return (*entries, new)


def refund(entries: Sequence[Entry], run: str, at: int) -> tuple[Entry, ...]:
    """Return the entries with a refund of a run's whole charge.

    Raises `LedgerInvalid` when there is no such charge or it was refunded before.
    """
    if run not in {standing.run for standing in _standing(entries)}:
        raise LedgerInvalid("refund: no standing charge of this run")
    return (*entries, Refund(run, at))


def _in_words(ledger: Exceeded) -> str:
    if ledger.ledger == "epsilon":
        return (
            f"ledger epsilon: {decimal(ledger.spent)} of {decimal(ledger.cap)} are spent in a "
            f"rolling year, {decimal(ledger.asked)} is asked"
        )
    return (
        f"ledger {ledger.ledger}: {text(ledger.spent)} of {text(ledger.cap)} bits are spent, "
        f"{text(ledger.asked)} are asked"
    )


def _standing(entries: Iterable[Entry]) -> tuple[Charge, ...]:
    """Charges that no refund has taken back."""
    charges: dict[str, Charge] = {}
    refunded: set[str] = set()
    for entry in entries:
        known = entry.run in charges
        if (
            isinstance(entry, Charge)
            and not known
            and min(entry.microbits, entry.microepsilon) >= 0
        ):
            charges[entry.run] = entry
        elif isinstance(entry, Refund) and known and entry.run not in refunded:
            refunded.add(entry.run)
        else:
            raise LedgerInvalid("entries: a run charged or refunded twice, or refunded uncharged")
    return tuple(charge for run, charge in charges.items() if run not in refunded)
