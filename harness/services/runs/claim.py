"""Claiming a run: one worker holds its lease, a slot of its host, and nothing else may end it."""

import os
import secrets
from dataclasses import dataclass

from sqlalchemy.orm import Session

from evals import manifest, pack
from evals.manifest import Manifest
from harness.documents import envelope, statements
from harness.documents.predicates import Compared, RunStart
from harness.documents.protocol import Protocol
from harness.errors import IntegrityError
from harness.records import kept, log, parties, protocols, runs, suites
from harness.records.base import Act
from harness.services import states
from harness.services.agreements import agree
from harness.services.platform import logcopy
from harness.services.platform.opening import Platform, Site
from harness.services.runs.finish import SERVER


@dataclass(frozen=True, slots=True)
class Claim:
    """A run in this worker's hands, with everything it needs, read in one transaction.

    `compared` is the other model's run that its run-start names, `kept` that one's sums, sealed.
    """

    run: runs.Run
    worker: str
    slot: int
    protocol_row: protocols.Protocol
    protocol: Protocol
    manifest: Manifest
    model: parties.Model
    archive: bytes
    run_start_index: int
    checkpoint: str
    compared: Compared | None = None
    kept: bytes | None = None


def worker_name(platform: Platform) -> str:
    """A name for this claim that begins with the host, so that its slots can be counted."""
    return f"{host_prefix(platform)}{os.getpid()}:{secrets.token_hex(4)}"


def host_prefix(platform: Site) -> str:
    """What the names of all workers on this host begin with."""
    return f"{platform.host}:"


def claim(platform: Platform, run_id: str) -> Claim | None:
    """Take a queued run, or None when it is not to be had now.

    It is not queued, or late; no slot is free; or this host is another model's at the moment. A run
    keeps its place until it is over for everybody, whenever and however it ended: else a run that
    waits here would start, or expire, by what a model said in an earlier one.
    """
    now = platform.clock()
    with platform.database.write() as session:
        run = runs.get(session, run_id)
        if run is None or run.state != states.Run.QUEUED or now > run.start_by:
            return None
        busy = runs.busy_slots(session, host_prefix(platform), now)
        free = [slot for slot in range(platform.settings.worker_slots) if slot not in busy]
        if not free or not _has_turn(platform, session, run, now):
            return None
        worker = worker_name(platform)
        moved = runs.move(
            session,
            run.id,
            states.Run.QUEUED,
            states.Run.PREFLIGHT,
            Act(SERVER, "claim run", now),
            worker_slot=free[0],
            attempt=run.attempt + 1,
            lease_until=now + platform.settings.lease_s,
            category=None,
            holder=worker,
        )
        if not moved:
            return None
        session.refresh(run)
        row = protocols.get(session, run.protocol)
        start = log.find(session, "run-start", run=run.id)
        head = log.head(session)
        if row is None or not start or start[-1].index is None or head is None:
            raise IntegrityError("a queued run whose run-start is not in the log")
        _remember(platform, start[-1].index)
        suite = suites.get(session, row.suite)
        archive = suites.archive(session, row.suite)
        model = parties.model(session, row.model)
        if suite is None or archive is None or model is None:
            raise IntegrityError("a run whose suite or model is not registered")
        if pack.digest(archive) != row.suite:
            raise IntegrityError("the stored suite is not the one that was signed")
        said = statements.parse(envelope.parse(start[-1].envelope).payload, "run-start").predicate
        other = said.compared if isinstance(said, RunStart) else None
        kept_sums = None if other is None else kept.get(session, other.run)
        return Claim(
            run=run,
            worker=worker,
            slot=free[0],
            protocol_row=row,
            protocol=agree.document(session, row),
            manifest=manifest.parse(suite.manifest),
            model=model,
            archive=archive,
            run_start_index=start[-1].index,
            checkpoint=head.note,
            compared=other,
            # Where they are gone the gate refuses: a run that has been charged ends FAILED.
            kept=None if kept_sums is None else kept_sums.sealed,
        )


def _remember(platform: Platform, index: int) -> None:
    """No model is called before the log's copy on this host has the run-start and its charge."""
    path = logcopy.place(platform.settings)
    newest = logcopy.tail(path)
    if newest is None or newest.size <= index:
        logcopy.keep(path, platform.database)


def _has_turn(platform: Platform, session: Session, run: runs.Run, now: float) -> bool:
    """Whether no other model's run has a place on this host, and none has waited longer.

    Runs that share a host can signal to each other by how busy they keep it; what one tells of
    its model could then leave in the report of another's. Runs of one model may share: both
    reports are charged to it. That none overtakes one of another model lets the host run empty
    for whoever waits longest, so that no model keeps a host for ever.
    """
    if not platform.settings.one_vendor_per_host:
        return True
    row = protocols.get(session, run.protocol)
    if row is None:
        raise IntegrityError("a run without a protocol")
    held = runs.models_on(session, host_prefix(platform), states.LEASED_RUNS, now)
    if held - {row.model}:
        return False
    return not runs.other_model_waits(session, run, row.model, states.Run.QUEUED, now)


def release_to_queue(platform: Platform, held: Claim, category: str) -> None:
    """Give a run back to the queue: the platform is not ready, nothing has started."""
    with platform.database.write() as session:
        runs.move(
            session,
            held.run.id,
            states.Run.PREFLIGHT,
            states.Run.QUEUED,
            Act(SERVER, "wait for the platform", platform.clock()),
            worker=held.worker,
            lease_until=None,
            worker_slot=None,
            category=category,
        )
