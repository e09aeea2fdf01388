"""Ending a run: one transition, one logged run-end or refund, nothing a guest could choose."""

from typing import Final

from sqlalchemy.orm import Session

from harness.disclosure import bits
from harness.disclosure.accountant import REFUNDS_PER_SLOT
from harness.errors import IntegrityError
from harness.records import ledger, log, protocols, runs
from harness.records.base import Act
from harness.services import states
from harness.services.agreements import agree
from harness.services.platform import outbox
from harness.services.platform.opening import Platform
from harness.services.runs import timing

SERVER: Final = "server"


def end(
    session: Session,
    platform: Platform,
    run: runs.Run,
    after: str,
    category: str,
    *,
    worker: str | None = None,
    report: str | None = None,
    slot: float | None = None,
) -> bool:
    """Move a run to a terminal state; False when somebody else was faster.

    A refundable ending gives slot and bits back, at most twice per agreed run; beyond that it
    counts as FAILED. Any other ending that the table does not know from here becomes one that
    counts too; a release never becomes anything else, it is refused.
    """
    if run.state in states.TERMINAL_RUNS:
        return False
    now = platform.clock()
    if after in states.REFUNDED_RUNS and not _refundable(session, run):
        after = states.Run.FAILED
    if not states.may_move(run.state, after):
        if after == states.Run.RELEASED:
            return False
        aborted = states.may_move(run.state, states.Run.ABORTED)
        after = states.Run.ABORTED if aborted else states.Run.FAILED
    act = Act(SERVER, f"end run {after}", now)
    refunded = after in states.REFUNDED_RUNS
    # A release was held until its slot and is stamped with it, not with the moments after it.
    visible = slot or (now if refunded else _seen_at(run, now))
    moved = runs.move(
        session,
        run.id,
        run.state,
        after,
        act,
        worker=worker,
        category=category,
        ended_at=now,
        visible_at=visible,
        lease_until=None,
        report=report,
    )
    if not moved:
        return False
    if refunded:
        _refund(session, platform, run, act)
    else:
        outcome = states.public_outcome(after)
        _issue(session, platform, "run-end", run, {"outcome": outcome}, act, visible)
    return True


def _seen_at(run: runs.Run, now: float) -> float:
    last = timing.last_slot(run.start_by, run.wall_clock_s, run.grid_s, run.slot_at)
    return timing.ending_at(now, timing.visible_at(now, run.slot_at, run.grid_s), last)


def _refundable(session: Session, run: runs.Run) -> bool:
    """Whether the agreed number of refunds is not used up yet."""
    row = protocols.get(session, run.protocol)
    if row is None:
        raise IntegrityError("a run without a protocol")
    maximum = agree.document(session, row).budget.runs
    used = sum(
        other.state in states.REFUNDED_RUNS for other in runs.of_protocol(session, run.protocol)
    )
    return used < REFUNDS_PER_SLOT * maximum


def _refund(session: Session, platform: Platform, run: runs.Run, act: Act) -> None:
    charges = ledger.standing(session, run.id)
    if ledger.CHARGE not in charges:
        raise IntegrityError("a run without a charge")
    for kind, charge in charges.items():
        ledger.post(
            session,
            ledger.LedgerEntry(
                kind=ledger.REFUNDS[kind],
                run=run.id,
                auditor=charge.auditor,
                owner_group=charge.owner_group,
                model=charge.model,
                microbits=charge.microbits,
                microepsilon=charge.microepsilon,
                at=int(act.at),
            ),
            act,
        )
    _issue(session, platform, "run-refund", run, {"bits": bits.text(run.microbits)}, act, 0.0)


def _issue(
    session: Session,
    platform: Platform,
    kind: str,
    run: runs.Run,
    fields: dict[str, object],
    act: Act,
    not_before: float,
) -> None:
    row = protocols.get(session, run.protocol)
    start = log.find(session, "run-start", run=run.id)
    if row is None or not start:
        raise IntegrityError("a run without its protocol or run-start")
    outbox.issue(
        session,
        platform,
        kind,
        {"protocol": row.digest},
        {"run": run.id, "ordinal": run.ordinal, **fields},
        act,
        prev=start[-1].pae_digest,
        protocol=run.protocol,
        run=run.id,
        not_before=not_before,
    )
