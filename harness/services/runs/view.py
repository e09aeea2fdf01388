"""What each party may know of a run, and stopping one.

An auditor's view is a function of the protocol, the slot and the outcome at the slot; what
happens meanwhile is for vendor and operator.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from harness.errors import Conflict, IntegrityError, NotFound
from harness.paging import Page, Window
from harness.records import platform as platform_rows
from harness.records import protocols, runs
from harness.records.base import Act
from harness.services import states
from harness.services.access import Actor, Thing, can, check, narrowed
from harness.services.platform.opening import Platform
from harness.services.runs import timing
from harness.services.runs.finish import end
from sandbox.container.docker import DockerRuntime
from sandbox.errors import PlatformFault

_ALIVE_S = 60.0
# A run that waits for the platform is in PREFLIGHT for moments, again and again.
_NOT_STARTED = frozenset({states.Run.RESERVED, states.Run.QUEUED, states.Run.PREFLIGHT})


@dataclass(frozen=True, slots=True)
class View:
    """A run as one actor sees it. `inside` is None for those who may not look inside.

    `protocol` is its agreement's id, `digest` the name of the bytes that were signed.
    """

    id: str
    protocol: str
    digest: str
    ordinal: int
    outcome: str
    reserved_at: float
    expected_by: float
    samples: int
    inside: "Inside | None"


@dataclass(frozen=True, slots=True)
class Inside:
    """What vendor and operator see at once."""

    state: str
    category: str | None
    requests: int
    rows: int
    started_at: float | None
    ended_at: float | None


def find(session: Session, actor: Actor, run_id: str) -> runs.Run:
    """A run that the actor may see, by its id or the beginning of it. Raises NotFound."""
    own = narrowed(actor, "run")
    found = () if own is None or not run_id else runs.matching(session, run_id, own)
    if len(found) != 1:
        what = "more than one run" if found else "no run"
        raise NotFound(f"{what} with an id beginning {run_id}")
    return found[0]


def thing(session: Session, run: runs.Run) -> Thing:
    """The run as `access.can` judges it."""
    return _about(_agreement(session, run))


def _agreement(session: Session, run: runs.Run) -> protocols.Protocol:
    row = protocols.get(session, run.protocol)
    if row is None:
        raise IntegrityError("a run without a protocol")
    return row


def _about(row: protocols.Protocol) -> Thing:
    return Thing("run", auditor=row.auditor, vendor=row.vendor)


def view(session: Session, platform: Platform, actor: Actor, run_id: str) -> View:
    """Look at a run. Raises NotFound also for one that the actor may not know of."""
    run = find(session, actor, run_id)
    row = _agreement(session, run)
    inside = can(actor, "observe", _about(row))
    return _shown(run, row.digest, platform.clock(), inside=inside)


def listed(session: Session, platform: Platform, actor: Actor, window: Window) -> Page[View]:
    """The runs that the actor may see, reserved last first."""
    own = narrowed(actor, "run")
    if own is None:
        return Page((), None)
    found = runs.listed(session, own, window)
    inside = can(actor, "observe", Thing("run", **own))
    now = platform.clock()
    rows = [_shown(run, run.digest, now, inside=inside) for run in found.rows]
    return Page(rows, found.next)


def of_protocol(
    session: Session, platform: Platform, actor: Actor, row: protocols.Protocol
) -> list[View]:
    """The runs of a protocol that the actor may see, by ordinal; one query."""
    about = _about(row)
    if not can(actor, "read", about):
        return []
    inside, now = can(actor, "observe", about), platform.clock()
    rows = runs.of_protocol(session, row.id)
    return [_shown(run, row.digest, now, inside=inside) for run in rows]


def _shown(run: runs.Run | runs.Listed, digest: str, now: float, *, inside: bool) -> View:
    expected = timing.last_slot(run.start_by, run.wall_clock_s, run.grid_s, run.slot_at)
    seen = None
    if inside:
        seen = Inside(run.state, run.category, run.requests, run.rows, run.started_at, run.ended_at)
    return View(
        id=run.id,
        protocol=run.protocol,
        digest=digest,
        ordinal=run.ordinal,
        outcome=outcome_at(run, now),
        reserved_at=run.reserved_at,
        expected_by=expected,
        samples=run.rows_due,
        inside=seen,
    )


def hints(platform: Platform, seen: View) -> list[str]:
    """Why a run may be waiting, and which command helps; for those who may look inside."""
    if seen.inside is None or seen.inside.state not in _NOT_STARTED:
        return []
    found = []
    with platform.database.read() as session:
        alive = platform_rows.workers(session, platform.clock() - _ALIVE_S)
    if not alive:
        found.append("no worker is alive, so the run waits: start one with `assay worker`")
    try:
        DockerRuntime().version()
    except PlatformFault:
        found.append("the container engine does not answer, so the run waits: start Docker")
    return found


def outcome_at(run: runs.Run | runs.Listed, now: float) -> str:
    """The outcome as it may be seen at `now`: PENDING until the slot, FAILED when none came."""
    # A report that waits has its slot already, but is not there before it is signed.
    if run.visible_at is not None and run.visible_at <= now and run.state in states.TERMINAL_RUNS:
        return states.public_outcome(run.state)
    last = timing.last_slot(run.start_by, run.wall_clock_s, run.grid_s, run.slot_at)
    return "FAILED" if run.started_at is not None and now >= last + timing.LATE_S else "PENDING"


def stop(session: Session, platform: Platform, actor: Actor, run_id: str) -> runs.Run:
    """Stop a run: at once when it has not started, else by asking its worker.

    A run whose gateway has closed already is untouched.
    """
    run = find(session, actor, run_id)
    check(actor, "stop", thing(session, run))
    act = Act(actor.label, "stop run", platform.clock())
    if states.run_step(run.state, "stop", actor.role) is None:
        hidden = actor.role == "auditor" and outcome_at(run, act.at) == "PENDING"
        if hidden:
            # An auditor learns nothing of the run's inner state from a stop that came too late,
            # nor from the time it takes: it is written down as any other.
            runs.note_stop(session, run.id, act)
            return run
        raise Conflict(f"run {run.id} has ended already; there is nothing to stop")
    if run.state in states.LEASED_RUNS:
        runs.ask_stop(session, run.id, actor.organisation, act)
    else:
        end(session, platform, run, states.Run.ABORTED, f"stopped:{actor.organisation}"[:40])
    return run
