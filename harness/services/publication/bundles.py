"""The bundle: the one file from which anybody checks a report, offline."""

from sqlalchemy.orm import Session

from harness.errors import Conflict, IntegrityError
from harness.records import log, protocols, runs
from harness.services.access import Actor
from harness.services.agreements import agree
from harness.services.platform.opening import Platform
from harness.services.runs import view
from harness.tlog import bundle, tree

_WITHHELD_KINDS = frozenset({"run-receipt"})


def report_of(session: Session, platform: Platform, actor: Actor, run_id: str) -> bytes:
    """The exact bytes of a released report. Raises Conflict before it is visible."""
    run = released(session, platform, actor, run_id)
    return _document(session, run.report)


def bundle_of(session: Session, platform: Platform, actor: Actor, run_id: str) -> bytes:
    """The bundle of a released report, with the log as it stands now."""
    run = released(session, platform, actor, run_id)
    row = protocols.get(session, run.protocol)
    head = log.head(session)
    if row is None or head is None:
        raise IntegrityError("a report without its protocol or log")
    hashes = list(log.leaf_hashes(session))
    last = log.find(session, "report", run=run.id)[-1].index
    entries = [
        bundle.Entry(
            kind=item.kind,
            index=item.index,
            envelope=item.envelope,
            verifier=item.verifier,
            proof=tuple(tree.inclusion_proof(hashes, item.index)),
            leaf=item.leaf,
        )
        for item in log.of_protocol(session, row.id)
        if item.index is not None
        and last is not None
        and item.index <= last
        and item.kind not in _WITHHELD_KINDS
    ]
    return bundle.build(
        trust_root=platform.trust_root,
        checkpoint=head.note,
        entries=entries,
        protocol=agree.body(session, row),
        report=_document(session, run.report),
    )


def released(session: Session, platform: Platform, actor: Actor, run_id: str) -> runs.Run:
    """A run whose report the actor may read now. Raises NotFound, or Conflict with the reason."""
    run = view.find(session, actor, run_id)
    outcome = view.outcome_at(run, platform.clock())
    if outcome == "PENDING":
        raise Conflict(f"run {run.id} has no report yet; see `assay run status {run.id}`")
    if outcome != "RELEASED" or run.report is None:
        raise Conflict(f"run {run.id} ended {outcome}: there is no report")
    # Append precedes visibility: a report that is not in the log yet is not there.
    logged = [item for item in log.find(session, "report", run=run.id) if item.index is not None]
    if not logged:
        raise Conflict(f"the report of run {run.id} is on its way into the log; try again")
    return run


def _document(session: Session, digest: str | None) -> bytes:
    stored = None if digest is None else log.document(session, digest)
    if stored is None:
        raise IntegrityError("a report's bytes are missing")
    return stored.body
