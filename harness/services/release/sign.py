"""Signing a release: report, ending, receipt and their places in the log, in one transaction."""

from dataclasses import asdict

from sqlalchemy.orm import Session

from harness.disclosure import accountant, bits
from harness.disclosure.accountant import Spent
from harness.disclosure.gate import Released
from harness.documents import canonical, report_rules
from harness.documents import report as report_document
from harness.errors import IntegrityError
from harness.records import ledger, log, runs
from harness.records.base import Act
from harness.services import states
from harness.services.agreements import shape
from harness.services.platform import outbox, sequencer
from harness.services.platform.opening import Platform
from harness.services.release import build, kept
from harness.services.runs.finish import SERVER, end
from harness.services.runs.perform import Performed
from harness.services.runs.reserve import entries


def sign(
    session: Session, platform: Platform, done: Performed, released: Released, slot: float
) -> None:
    """Write the report of a run that has reached its slot, end the run, and log both.

    Raises IntegrityError, and leaves nothing behind, when the run's charge is not in the ledger
    or another process has ended the run.
    """
    run, row = done.claim.run, done.claim.protocol_row
    act = Act(SERVER, "release report", platform.clock())
    spent = _spent(session, done, slot)
    # What is due goes into the log first: the attempt line is what the log says right before.
    sequencer.append_due(session, platform)
    line = build.attempts(session, row.id, run.ordinal)
    body = build.report(done, released, line, spent, slot)
    report_rules.check_against(report_document.parse(body), done.claim.protocol, row.digest)
    digest = canonical.digest(body)
    log.put_document(session, log.Document(digest=digest, kind="report", body=body), act)
    _end(session, platform, done, digest, slot)
    kept.keep(session, platform, done, slot)
    activation = log.find(session, "protocol-activation", protocol=row.id)[-1]
    usage = asdict(done.receipt)
    del usage["protocol_digest"]
    about = {"run": run.id, "ordinal": run.ordinal}
    receipt = {**about, "category": states.Run.RELEASED.value, "grant": done.grant_digest, **usage}
    statement = {
        **about,
        "protocol": row.digest,
        "activation_index": activation.index,
        "attempts": line,
    }
    prev = log.find(session, "run-start", run=run.id)[-1].pae_digest
    for kind, subjects, fields in (
        ("run-receipt", {"protocol": row.digest}, receipt),
        ("report", {"report": digest}, statement),
    ):
        outbox.issue(
            session,
            platform,
            kind,
            subjects,
            fields,
            act,
            prev=prev,
            protocol=row.id,
            run=run.id,
            not_before=slot,
            withheld=kind == "run-receipt",
        )
    sequencer.append_due(session, platform)


def _spent(session: Session, done: Performed, slot: float) -> Spent:
    """What the pair has spent, this run's own charge included."""
    run = done.claim.run
    charges = ledger.standing(session, run.id)
    charge, other = charges.get(ledger.CHARGE), done.claim.compared
    epsilon = shape.microepsilon_of(done.claim.protocol)
    if charge is None or (charge.microbits, charge.microepsilon) != (run.microbits, epsilon):
        raise IntegrityError("the run's charge is not in the ledger")
    if other is not None:
        due = charges.get(ledger.COMPARED)
        if due is None or due.microbits != bits.microbits(int(other.alphabet)):
            raise IntegrityError("the charge of the run that it is compared with is missing")
    account = accountant.Account(charge.auditor, charge.owner_group, charge.model)
    return accountant.spent(entries(session, charge.model), account, int(slot))


def _end(session: Session, platform: Platform, done: Performed, report: str, slot: float) -> None:
    run = runs.get(session, done.claim.run.id)
    if run is None or not end(
        session,
        platform,
        run,
        states.Run.RELEASED,
        "released",
        worker=done.claim.worker,
        report=report,
        slot=slot,
    ):
        raise IntegrityError("the run is no longer held by this worker")
