"""How the service does, from its records: what runs, what is stuck, who was seen, what was done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from harness.records import audit, log, runs
from harness.records import platform as rows
from harness.services import states
from harness.services.access import Actor, Thing, check
from harness.services.platform.opening import Platform

# Every process sweeps within seconds; what a minute did not move, no sweep will.
_STUCK_S: Final = 60.0
_WORKERS_S: Final = 24 * 3600.0
_ACTS: Final = 15
_WAITING: Final = (states.Run.RESERVED, states.Run.QUEUED)
_UNDER_WAY: Final = (*_WAITING, *states.LEASED_RUNS)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many runs are in a state, and when the oldest of them was reserved."""

    state: str
    count: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Stuck:
    """Something that should have moved by itself; `since` is when it should have."""

    what: str
    name: str
    since: float


@dataclass(frozen=True, slots=True)
class Seen:
    """A worker process; `alive` is one that gave a sign in the last minute."""

    name: str
    started_at: float
    seen_at: float
    alive: bool


@dataclass(frozen=True, slots=True)
class Done:
    """One row of the audit trail."""

    at: float
    actor: str
    action: str
    subject: str


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it. Times are seconds since the epoch; `oldest_waiting` is None when no run waits."""

    runs: Sequence[Tally]
    oldest_waiting: float | None
    stuck: Sequence[Stuck]
    workers: Sequence[Seen]
    acts: Sequence[Done]


def overview(session: Session, platform: Platform, actor: Actor) -> Overview:
    """Look at everything. Raises NotAllowed."""
    check(actor, "read", Thing("platform"))
    now = platform.clock()
    tallies = [Tally(*row) for row in runs.tally(session)]
    return Overview(
        runs=tallies,
        oldest_waiting=min((one.oldest for one in tallies if one.state in _WAITING), default=None),
        stuck=stuck(session, platform, actor),
        workers=[
            Seen(row.name, row.started_at, row.seen_at, row.seen_at >= now - _STUCK_S)
            for row in rows.workers(session, now - _WORKERS_S)
        ],
        acts=[
            Done(row.at, row.actor, row.action, row.subject) for row in audit.newest(session, _ACTS)
        ],
    )


def stuck(session: Session, platform: Platform, actor: Actor) -> list[Stuck]:
    """What no sweep has moved in time; must be empty. Raises NotAllowed."""
    check(actor, "read", Thing("platform"))
    late = platform.clock() - _STUCK_S
    under_way = runs.in_states(session, _UNDER_WAY)
    return [*_overdue(under_way, late), *_not_logged(log.due(session, late), late)]


def _overdue(under_way: Iterable[runs.Run], late: float) -> Iterable[Stuck]:
    for run in under_way:
        if run.lease_until is not None and run.lease_until < late:
            yield Stuck("lease ran out", run.id, run.lease_until)
        if run.state in _WAITING and run.start_by < late:
            yield Stuck("start deadline passed", run.id, run.start_by)


def _not_logged(due: Iterable[log.Statement], late: float) -> Iterable[Stuck]:
    for row in due:
        since = max(row.created_at, row.not_before)
        if since < late:
            yield Stuck("statement not in the log", row.kind, since)
