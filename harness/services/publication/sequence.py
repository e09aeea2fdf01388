"""Publishing: what is due goes into the log, and what waited for it moves on."""

from celery import Celery
from sqlalchemy.orm import Session

from harness import queue
from harness.documents.fields import instant
from harness.records import log, protocols, runs
from harness.records.base import Act
from harness.services import states
from harness.services.agreements import agree
from harness.services.platform import logcopy, outbox, sequencer
from harness.services.platform.opening import Platform
from harness.services.runs.finish import SERVER

_ROUNDS = 8


def publish(platform: Platform, app: Celery | None = None) -> None:
    """Log what is due and move what waited for it, until nothing more follows; copy the log."""
    for _ in range(_ROUNDS):
        with platform.database.write() as session:
            appended = sequencer.append_due(session, platform)
            moved = _follow(session, platform, app)
        if not appended and not moved:
            break
    logcopy.keep(logcopy.place(platform.settings), platform.database)


def _follow(session: Session, platform: Platform, app: Celery | None) -> int:
    return (
        _activate(session, platform)
        + _register(session, platform)
        + _open(session, platform)
        + _queue(session, platform, app)
    )


def _activate(session: Session, platform: Platform) -> int:
    """Issue the activation of protocols whose approvals are all logged."""
    issued = 0
    for row in protocols.in_state(session, states.Protocol.AGREED):
        if log.find(session, "protocol-activation", protocol=row.id):
            continue
        approvals = log.find(session, "protocol-approval", protocol=row.id)
        logged = [item for item in approvals if item.index is not None]
        if {item.organisation for item in logged} != {row.auditor, row.vendor}:
            continue
        outbox.issue(
            session,
            platform,
            "protocol-activation",
            {"protocol": row.digest},
            {
                "approvals": [
                    {
                        "organisation": item.organisation,
                        "role": "auditor" if item.organisation == row.auditor else "vendor",
                        "statement": item.pae_digest,
                        "index": item.index,
                    }
                    for item in logged
                ]
            },
            Act(SERVER, "activate protocol", platform.clock()),
            prev=logged[-1].pae_digest,
            protocol=row.id,
        )
        issued += 1
    return issued


def _register(session: Session, platform: Platform) -> int:
    """Move AGREED protocols whose activation is logged to REGISTERED."""
    moved = 0
    for row in protocols.in_state(session, states.Protocol.AGREED):
        activation = log.find(session, "protocol-activation", protocol=row.id)
        if activation and activation[-1].index is not None:
            act = Act(SERVER, "register protocol", platform.clock())
            before, after = states.Protocol.AGREED, states.Protocol.REGISTERED
            moved += protocols.move(session, row.id, before, after, act)
    return moved


def _open(session: Session, platform: Platform) -> int:
    """Move REGISTERED protocols whose window is open to ACTIVE."""
    moved = 0
    now = platform.clock()
    for row in protocols.in_state(session, states.Protocol.REGISTERED):
        window = agree.document(session, row).budget.window
        if instant(window.start).timestamp() <= now:
            act = Act(SERVER, "open window", now)
            before, after = states.Protocol.REGISTERED, states.Protocol.ACTIVE
            moved += protocols.move(session, row.id, before, after, act)
    return moved


def _queue(session: Session, platform: Platform, app: Celery | None) -> int:
    """Queue reserved runs whose run-start is logged, and nudge a worker after the commit."""
    moved = 0
    for run in runs.in_states(session, (states.Run.RESERVED,)):
        start = log.find(session, "run-start", run=run.id)
        if not start or start[-1].index is None:
            continue
        act = Act(SERVER, "queue run", platform.clock())
        if runs.move(session, run.id, states.Run.RESERVED, states.Run.QUEUED, act):
            moved += 1
            if app is not None:
                queue.nudge_after_commit(session, app, run.id)
    return moved
