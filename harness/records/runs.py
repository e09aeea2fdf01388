"""Runs: one row per reserved slot, its lease and its ending.

The row is the truth and a queue message only a nudge: every transition is a compare-and-swap
on `state`, so a doubled or lost message changes nothing. Nothing per sample is ever stored.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Executable,
    ForeignKey,
    Select,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.paging import Page, Window
from harness.records import audit, paging
from harness.records.base import Act, Base
from harness.records.log import LogHead, Statement
from harness.records.parties import Organisation
from harness.records.protocols import Protocol
from harness.records.suites import Suite

_ID_LENGTH: Final = 16


class Run(Base):
    """`category` is for operator and vendor; the auditor sees the outcome at the slot."""

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("protocol", "ordinal"),)

    id: Mapped[str] = mapped_column(String(_ID_LENGTH), primary_key=True)
    protocol: Mapped[str] = mapped_column(ForeignKey("protocols.id"), index=True)
    ordinal: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), index=True)
    category: Mapped[str | None] = mapped_column(String(40))
    attempt: Mapped[int] = mapped_column(default=0)
    microbits: Mapped[int] = mapped_column(BigInteger)
    alphabet: Mapped[str] = mapped_column(String(4000))
    reserved_at: Mapped[float] = mapped_column(Double)
    start_by: Mapped[float] = mapped_column(Double)
    wall_clock_s: Mapped[int]
    grid_s: Mapped[int]
    slot_at: Mapped[float | None] = mapped_column(Double)
    started_at: Mapped[float | None] = mapped_column(Double)
    ended_at: Mapped[float | None] = mapped_column(Double)
    visible_at: Mapped[float | None] = mapped_column(Double, index=True)
    worker: Mapped[str | None] = mapped_column(String(80))
    worker_slot: Mapped[int | None]
    lease_until: Mapped[float | None] = mapped_column(Double)
    stop_by: Mapped[str | None] = mapped_column(String(63))
    requests: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int] = mapped_column(default=0)
    rows_due: Mapped[int] = mapped_column(server_default="0")
    report: Mapped[str | None] = mapped_column(ForeignKey("documents.digest"))


class Listed(NamedTuple):
    """What a list needs to know of a run; the fields are the columns of the same names.

    `digest` is the protocol's: the name of the bytes that were signed.
    """

    id: str
    protocol: str
    ordinal: int
    state: str
    category: str | None
    requests: int
    rows: int
    rows_due: int
    reserved_at: float
    start_by: float
    wall_clock_s: int
    grid_s: int
    slot_at: float | None
    started_at: float | None
    ended_at: float | None
    visible_at: float | None
    digest: str


# A report may be read when its run's slot has come and it stands in the log.
_READABLE: Final = (
    Run.state == "RELEASED",
    Run.report.is_not(None),
    Run.visible_at <= bindparam("now"),
    exists().where(
        Statement.run == Run.id, Statement.kind == "report", Statement.index.is_not(None)
    ),
)


def add(session: Session, row: Run, act: Act) -> None:
    """Reserve a slot."""
    session.add(row)
    audit.note(session, act, f"run:{row.id}")
    session.flush()


def get(session: Session, run_id: str) -> Run | None:
    """Find one by its whole id."""
    return session.get(Run, run_id)


def matching(session: Session, prefix: str, own: Mapping[str, str]) -> Sequence[Run]:
    """Runs whose id starts with `prefix`, of protocols whose columns are `own`; at most two."""
    # A whole id is found by its index, the beginning of one by looking at each.
    whole = len(prefix) == _ID_LENGTH
    fits = Run.id == prefix if whole else Run.id.startswith(prefix, autoescape=True)
    return session.scalars(_of_protocols(own).where(fits).limit(2)).all()


def listed(session: Session, own: Mapping[str, str], window: Window) -> Page[Listed]:
    """Runs of protocols whose columns are `own`, reserved last first."""
    query = _listing(frozenset(own), after=window.after is not None)
    found = session.execute(query, {**own, **paging.places(window)})
    return paging.cut([Listed._make(row) for row in found], window, "reserved_at", "id")


@cache
def _listing(own: frozenset[str], *, after: bool) -> Executable:
    # Built once, and without a mapped object for each row: a list is asked for often.
    columns = [getattr(Run, name, None) or getattr(Protocol, name) for name in Listed._fields]
    query = select(*columns).join(Protocol, Protocol.id == Run.protocol).where(*_mine(own))
    return paging.prepared(query, Run.reserved_at, Run.id, after=after)


def _mine(own: Collection[str]) -> list[ColumnElement[bool]]:
    return [getattr(Protocol, name) == bindparam(name) for name in own]


def released(session: Session, own: Mapping[str, str], now: float, window: Window) -> Page[Run]:
    """Runs whose report is in the log and may be seen at `now`, released last first."""
    query = paging.own(_of_protocols({}).where(*_READABLE), own, Protocol)
    query = query.params(now=now)
    return paging.page(session, query, Run.visible_at, Run.id, window)


def readable(session: Session, run_id: str, own: Mapping[str, str], now: float) -> Any:
    """One of those that `released` lists, by its whole id: its `id`, `report` and the log's `size`.

    None when there is no such run, or not for those who ask, or its report is not there yet.
    """
    query = _one_readable(frozenset(own))
    return session.execute(query, {**own, "run": run_id, "now": now}).one_or_none()


@cache
def _one_readable(own: frozenset[str]) -> Executable:
    # Asked with every page of a report: built once.
    query = select(Run.id, Run.report, LogHead.size).join(Protocol, Protocol.id == Run.protocol)
    return query.join(LogHead, LogHead.id == 1).where(
        Run.id == bindparam("run"), *_READABLE, *_mine(own)
    )


def _of_protocols(own: Mapping[str, str]) -> Select[Run]:
    query = select(Run).join(Protocol, Protocol.id == Run.protocol)
    return paging.own(query, own, Protocol)


def of_protocol(session: Session, protocol: str) -> Sequence[Run]:
    """All runs of a protocol, by ordinal."""
    return session.scalars(select(Run).where(Run.protocol == protocol).order_by(Run.ordinal)).all()


def suites_run(
    session: Session, auditor: str, model: str, without: Collection[str]
) -> Sequence[Suite]:
    """Suites that organisations with the auditor's owner have run on a model, without archives.

    Runs in one of the states `without` do not count; the others do from their reservation on.
    """
    group = select(Organisation.owner_group).where(Organisation.name == auditor)
    query = (
        select(Suite)
        .join(Protocol, Protocol.suite == Suite.digest)
        .join(Run, Run.protocol == Protocol.id)
        .join(Organisation, Organisation.name == Protocol.auditor)
        .where(
            Organisation.owner_group == group.scalar_subquery(),
            Protocol.model == model,
            Run.state.not_in(without),
        )
        .order_by(Suite.submitted_at, Suite.digest)
    )
    return session.scalars(query).unique().all()


def in_states(session: Session, states: Collection[str]) -> Sequence[Run]:
    """All runs in any of the states, oldest reservation first."""
    return session.scalars(select(Run).where(Run.state.in_(states)).order_by(Run.reserved_at)).all()


def tally(session: Session) -> Sequence[tuple[str, int, float]]:
    """Each state that there is, how many runs are in it, and the oldest reservation of them."""
    query = select(Run.state, func.count(), func.min(Run.reserved_at)).group_by(Run.state)
    return [(row[0], row[1], row[2]) for row in session.execute(query.order_by(Run.state))]


def move(
    session: Session,
    run_id: str,
    before: str,
    after: str,
    act: Act,
    *,
    worker: str | None = None,
    holder: str | None = None,
    **values: object,
) -> bool:
    """Compare-and-swap the state; False when it was not so.

    `worker` must hold the run, when given; `holder` is who holds it afterwards.
    """
    statement = update(Run).where(Run.id == run_id, Run.state == before)
    if worker is not None:
        statement = statement.where(Run.worker == worker)
    if holder is not None:
        values["worker"] = holder
    moved = session.execute(statement.values(state=after, **values).returning(Run.id)).first()
    if moved is None:
        return False
    audit.note(session, act, f"run:{run_id}")
    return True


def beat(
    session: Session, run_id: str, worker: str, lease_until: float, requests: int, rows: int
) -> bool:
    """Renew a lease and count progress; False when the lease was lost. Not audited."""
    return (
        session.execute(
            update(Run)
            .where(Run.id == run_id, Run.worker == worker, Run.lease_until.is_not(None))
            .values(lease_until=lease_until, requests=requests, rows=rows)
            .returning(Run.id)
        ).first()
        is not None
    )


def ask_stop(session: Session, run_id: str, by: str, act: Act) -> None:
    """Ask the holder of a run to stop it."""
    session.execute(update(Run).where(Run.id == run_id).values(stop_by=by))
    audit.note(session, act, f"run:{run_id}")


def note_stop(session: Session, run_id: str, act: Act) -> None:
    """Write down a stop that came too late; nothing else changes."""
    audit.note(session, act, f"run:{run_id}")


def stop_asked(session: Session, run_id: str) -> str | None:
    """Who asked for the run to stop, if anybody."""
    return session.scalar(select(Run.stop_by).where(Run.id == run_id))


def waits_before(session: Session, run_id: str, slot: float, now: float) -> bool:
    """Whether another live run waits for an earlier slot, or for this one with a smaller id."""
    first = or_(Run.visible_at < slot, and_(Run.visible_at == slot, Run.id < run_id))
    waits = (Run.state == "RECONCILING", Run.lease_until > now, first)
    return session.scalar(select(Run.id).where(*waits).limit(1)) is not None


def busy_slots(session: Session, worker_prefix: str, now: float) -> set[int]:
    """Slots of this host that a live lease holds, or a run that is not over for everybody yet."""
    mine = Run.worker.startswith(worker_prefix, autoescape=True)
    slot = select(Run.worker_slot).where(mine)
    held = union(slot.where(Run.lease_until.is_not(None)), slot.where(Run.visible_at > now))
    return {number for number in session.scalars(held) if number is not None}


def models_on(
    session: Session, worker_prefix: str, states: Collection[str], now: float
) -> set[str]:
    """Models of this host's runs that are in one of the states, or not over for everybody yet."""
    mine = Run.worker.startswith(worker_prefix, autoescape=True)
    model = select(Protocol.model).join(Run, Protocol.id == Run.protocol).where(mine)
    held = union(model.where(Run.state.in_(states)), model.where(Run.visible_at > now))
    return set(session.scalars(held))


def other_model_waits(session: Session, run: Run, model: str, state: str, now: float) -> bool:
    """Whether a run of another model is in `state`, may still start and was reserved earlier.

    One that was given back has lost its turn: what it waits for may never come.
    """
    earlier = or_(
        Run.reserved_at < run.reserved_at,
        and_(Run.reserved_at == run.reserved_at, Run.id < run.id),
    )
    waits = (Run.state == state, Run.category.is_(None), Run.start_by >= now, earlier)
    query = select(Run.id).join(Protocol, Protocol.id == Run.protocol)
    return session.scalar(query.where(Protocol.model != model, *waits).limit(1)) is not None
