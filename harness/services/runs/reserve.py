"""Reserving a run slot: the ledger pays and the log learns of it before anything runs."""

import secrets
from collections.abc import Sequence

from sqlalchemy.orm import Session

from harness.disclosure import accountant, bits
from harness.disclosure.accountant import Account, Charge, Entry, Refund
from harness.disclosure.errors import BudgetExceeded
from harness.documents.fields import instant
from harness.documents.protocol import Protocol
from harness.errors import BudgetSpent, Conflict, IntegrityError, Unavailable
from harness.records import ledger, log, parties, runs
from harness.records import protocols as protocol_rows
from harness.records.base import Act
from harness.services import states
from harness.services.access import Actor, Thing, reach
from harness.services.agreements import agree, shape, versions
from harness.services.platform import noise, outbox
from harness.services.platform.opening import Platform
from harness.services.platform.version import VERSION
from harness.services.runs import pairing, timing
from harness.services.runs.pairing import Pairing

REFUNDS_PER_SLOT = accountant.REFUNDS_PER_SLOT


def reserve(session: Session, platform: Platform, actor: Actor, protocol_id: str) -> runs.Run:
    """Reserve the next slot of a protocol, charge its bits and issue its run-start.

    Raises Conflict when the protocol is not active, its runs are used up or its suite is too near
    another that has been run, or the model that it is compared with has no run yet, BudgetSpent
    when a ledger cannot pay, Unavailable where noise is agreed and cannot be drawn.
    """
    row = agree.find(session, actor, protocol_id)
    reach(actor, "start", Thing("run", auditor=row.auditor, vendor=row.vendor), f"of {row.id}")
    now = platform.clock()
    protocol = agree.document(session, row)
    if protocol.disclosure.differential_privacy is not None and not noise.available():
        raise Unavailable(f"not reserved: {noise.MISSING}")
    _check_open(row, protocol, now)
    earlier = runs.of_protocol(session, row.id)
    _check_count(protocol, earlier)
    # Asked again: what was run since it was agreed may be too near.
    for problem in versions.problems(session, row.suite, row.auditor, row.model):
        raise Conflict(f"not reserved: {problem}")
    act = Act(actor.label, "reserve run", now)
    alphabet = shape.alphabet_of(protocol)
    microbits = bits.microbits(alphabet)
    when = timing.plan(
        now,
        protocol.budget.start_within_s,
        protocol.budget.run_wall_clock_s,
        protocol.disclosure.release.grid_s,
        fixed=protocol.disclosure.release.mode == "fixed",
    )
    run = runs.Run(
        id=secrets.token_hex(8),
        protocol=row.id,
        ordinal=len(earlier) + 1,
        state=states.Run.RESERVED,
        microbits=microbits,
        alphabet=str(alphabet),
        reserved_at=now,
        start_by=when.start_by,
        wall_clock_s=when.wall_clock_s,
        grid_s=when.grid_s,
        slot_at=when.slot_at,
        rows_due=protocol.suite.samples * protocol.harness.epochs,
    )
    last = timing.last_slot(run.start_by, run.wall_clock_s, run.grid_s, run.slot_at)
    other = pairing.chosen(session, protocol, now, last)
    runs.add(session, run, act)
    _charge(session, row, run, protocol, other, act)
    _issue_start(session, platform, row, protocol, run, other, act)
    return run


def _check_open(row: protocol_rows.Protocol, protocol: Protocol, now: float) -> None:
    if row.state != states.Protocol.ACTIVE:
        raise Conflict(f"protocol {row.id} is {row.state}; a run needs ACTIVE")
    window = protocol.budget.window
    start, end = instant(window.start).timestamp(), instant(window.end).timestamp()
    if not start <= now or now + protocol.budget.run_wall_clock_s > end:
        raise Conflict(
            f"the window of protocol {row.id} is {window.start} to {window.end}; "
            "a run would not end within it"
        )


def _check_count(protocol: Protocol, earlier: Sequence[runs.Run]) -> None:
    refunded = sum(run.state in states.REFUNDED_RUNS for run in earlier)
    if len(earlier) - refunded >= protocol.budget.runs:
        raise Conflict(
            f"all {protocol.budget.runs} agreed runs are used; more need an amended protocol"
        )


def _charge(
    session: Session,
    row: protocol_rows.Protocol,
    run: runs.Run,
    protocol: Protocol,
    other: Pairing | None,
    act: Act,
) -> None:
    """Charge the whole alphabet to the model, and to another one what the run tells of it."""
    auditor = parties.organisation(session, row.auditor)
    if auditor is None:
        raise IntegrityError("the protocol's auditor is not registered")
    epsilon = shape.microepsilon_of(protocol)
    due = [(ledger.CHARGE, row.model, run.microbits, epsilon, shape.caps_of(protocol))]
    if other is not None:
        due.append((ledger.COMPARED, other.model, other.microbits, 0, other.caps))
    # In one order for everybody, so that two that charge the same two models cannot wait for
    # each other.
    for model in sorted(one[1] for one in due):
        ledger.lock(session, model)
    for kind, model, microbits, each, allowed in due:
        account = Account(auditor.name, auditor.owner_group, model)
        new = Charge(run.id, account, microbits, int(act.at), each)
        try:
            accountant.charge(entries(session, model), new, allowed)
        except BudgetExceeded as error:
            whose = "" if kind == ledger.CHARGE else f"for {model}, which it is compared with: "
            raise BudgetSpent(f"not reserved: {whose}{error}") from None
        ledger.post(
            session,
            ledger.LedgerEntry(
                kind=kind,
                run=run.id,
                auditor=account.auditor,
                owner_group=account.owner_group,
                model=account.model,
                microbits=new.microbits,
                microepsilon=new.microepsilon,
                at=new.at,
            ),
            act,
        )


def entries(session: Session, model: str) -> list[Entry]:
    """A model's ledger as the accountant reads it."""
    return [
        Charge(
            row.run,
            Account(row.auditor, row.owner_group, row.model),
            row.microbits,
            row.at,
            row.microepsilon,
        )
        if row.kind in ledger.REFUNDS
        else Refund(row.run, row.at)
        for row in ledger.of_model(session, model)
    ]


def _issue_start(
    session: Session,
    platform: Platform,
    row: protocol_rows.Protocol,
    protocol: Protocol,
    run: runs.Run,
    other: Pairing | None,
    act: Act,
) -> None:
    activation = log.find(session, "protocol-activation", protocol=row.id)[-1]
    if activation.index is None:
        raise Conflict("the protocol's activation is not in the log yet; try again")
    agreed = protocol.disclosure.differential_privacy
    outbox.issue(
        session,
        platform,
        "run-start",
        {"protocol": row.digest, "suite": row.suite},
        {
            "protocol": row.digest,
            "activation_index": activation.index,
            "run": run.id,
            "ordinal": run.ordinal,
            "of": protocol.budget.runs,
            "suite": row.suite,
            "image": protocol.suite.image,
            "harness": VERSION,
            "due": outbox.timestamp(timing.up_to_grid(run.start_by + run.wall_clock_s, run.grid_s)),
            "slot": None if run.slot_at is None else outbox.timestamp(run.slot_at),
            "alphabet": run.alphabet,
            "bits": bits.text(run.microbits),
            "compared": None
            if other is None
            else {"run": other.run, "report": other.report, "alphabet": str(other.alphabet)},
            **({} if agreed is None else {"epsilon": agreed.epsilon_per_record}),
        },
        act,
        prev=activation.pae_digest,
        protocol=row.id,
        run=run.id,
    )
