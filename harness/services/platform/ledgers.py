"""The ledger as the log has it: what every logged run-start charged, and every refund gave back.

The log is what others have seen, so it decides: a ledger that has less was restored, edited or
lost, and bits would be free again.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy.orm import Session

from harness.disclosure import bits, privacy
from harness.disclosure.accountant import YEAR_S
from harness.documents import envelope
from harness.errors import IntegrityError
from harness.records import ledger
from harness.records.base import Act
from harness.services.platform.logcopy import REBUILD

Account = tuple[str, str, str]
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """One entry that the ledger lacks or has too much of: `entry` is what stands there now.

    `right` is what belongs there, None where nothing does.
    """

    run: str
    entry: ledger.LedgerEntry | None
    right: ledger.LedgerEntry | None


def check(session: Session, now: float) -> None:
    """Raise IntegrityError when the ledger is behind the log, over the last 365 days."""
    found = {item.run for item in differences(session, now - YEAR_S, {})}
    if found:
        names = " ".join(sorted(found)[:_NAMED])
        raise IntegrityError(
            f"the ledger is behind the log: what {len(found)} runs spent is not in it, or is less "
            f"({names}). It was restored or changed; bits would be free again. Stop every process "
            f"of Assay and run `{REBUILD}`, which takes it from the log"
        )


def rebuild(session: Session, accounts: Mapping[str, Account], act: Act) -> int:
    """Make the ledger what the log says; how many entries were put right.

    `accounts` are of runs whose protocols are not known here any more.
    """
    found = list(differences(session, 0.0, accounts))
    for item in found:
        if item.entry is None and item.right is None:
            raise IntegrityError(
                f"run {item.run} is in the log, and neither its protocol nor its charge is known: "
                "the log's copy that has it is needed (ASSAY_LOG_COPY)"
            )
        if item.entry is not None:
            ledger.drop(session, item.entry, act)
    for item in found:
        if item.right is not None:
            ledger.post(session, item.right, act)
    return len(found)


def differences(
    session: Session, since: float, accounts: Mapping[str, Account]
) -> Iterator[Difference]:
    """Where the ledger does not bear out the log, statements that wait for their slot included."""
    for row in ledger.logged(session, "run-start", (ledger.CHARGE, ledger.COMPARED), since):
        said = _predicate(row.envelope)
        other = said.get("compared")
        account = accounts.get(row.run)
        if row.auditor is not None and row.owner_group is not None and row.model is not None:
            account = (row.auditor, row.owner_group, row.model)
        elif row.entry is not None:
            account = (row.entry.auditor, row.entry.owner_group, row.entry.model)
        if account is None:
            yield Difference(row.run, None, None)
            continue
        spent = (_microbits(said["alphabet"]), privacy.amount(said.get("epsilon") or "0"))
        right = _entry(ledger.CHARGE, row.run, account, spent, row.at)
        if row.entry is None or _less(row.entry, right):
            yield Difference(row.run, row.entry, right)
        if other is not None:
            yield from _to_other(session, row, other, account, accounts)
    yield from (Difference(row.run, row, None) for row in ledger.unexplained(session))


def _to_other(
    session: Session,
    row: ledger.Logged,
    said: Mapping[str, Any],
    account: Account,
    accounts: Mapping[str, Account],
) -> Iterator[Difference]:
    """What the model of the run that `row` is compared with was charged, where it is not so."""
    model = ledger.model_of(session, said["run"])
    if model is None and said["run"] in accounts:
        model = accounts[said["run"]][2]
    if model is None and row.other is not None:
        model = row.other.model
    if model is None:
        yield Difference(row.run, None, None)
        return
    to = (account[0], account[1], model)
    right = _entry(ledger.COMPARED, row.run, to, (_microbits(said["alphabet"]), 0), row.at)
    if row.other is None or _less(row.other, right):
        yield Difference(row.run, row.other, right)


def missing_refunds(session: Session, act: Act) -> int:
    """Give back what the log says was given back; how many refunds were missing."""
    kinds = (ledger.REFUNDS[ledger.CHARGE], ledger.REFUNDS[ledger.COMPARED])
    found = ledger.logged(session, "run-refund", kinds, 0.0)
    missing = 0
    for charged, back in ledger.REFUNDS.items():
        lacking = [r for r in found if (r.entry if charged == ledger.CHARGE else r.other) is None]
        charges = ledger.charges(session, [row.run for row in lacking], charged)
        for row in lacking:
            charge = charges.get(row.run)
            if charge is not None:
                account = (charge.auditor, charge.owner_group, charge.model)
                spent = (charge.microbits, charge.microepsilon)
                ledger.post(session, _entry(back, row.run, account, spent, row.at), act)
                missing += 1
    return missing


def _less(entry: ledger.LedgerEntry, right: ledger.LedgerEntry) -> bool:
    """Whether an entry counts for less, for somebody else, or not for as long."""
    whose = (entry.auditor, entry.owner_group, entry.model)
    return (
        whose != (right.auditor, right.owner_group, right.model)
        or entry.microbits < right.microbits
        or entry.microepsilon < right.microepsilon
        or entry.at < right.at
    )


def _entry(
    kind: str, run: str, account: Account, spent: tuple[int, int], at: float
) -> ledger.LedgerEntry:
    auditor, owner_group, model = account
    microbits, microepsilon = spent
    return ledger.LedgerEntry(
        kind=kind,
        run=run,
        auditor=auditor,
        owner_group=owner_group,
        model=model,
        microbits=microbits,
        microepsilon=microepsilon,
        at=int(at),
    )


def _predicate(sealed: bytes) -> dict[str, Any]:
    # Signed by this server and stored as it is: `sequencer.check_log` speaks for the bytes.
    found: dict[str, Any] = json.loads(envelope.parse(sealed).payload)["predicate"]
    return found


@lru_cache(maxsize=256)
def _microbits(alphabet: str) -> int:
    return bits.microbits(int(alphabet))
