"""The accountant's ledger: what each run was charged, and what was given back."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint, and_, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.records import audit
from harness.records.base import Act, Base
from harness.records.log import Statement
from harness.records.parties import Organisation
from harness.records.protocols import Protocol


class LedgerEntry(Base):
    """A charge, or the refund that takes it back. Append-only; `at` is whole seconds.

    Run and model may be unknown here: a charge outlives the records that a restore has lost.
    """

    __tablename__ = "ledger"
    __table_args__ = (UniqueConstraint("run", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    run: Mapped[str] = mapped_column(String(16))
    auditor: Mapped[str] = mapped_column(String(63))
    owner_group: Mapped[str] = mapped_column(String(63))
    model: Mapped[str] = mapped_column(String(80), index=True)
    microbits: Mapped[int] = mapped_column(BigInteger)
    microepsilon: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    at: Mapped[int] = mapped_column(BigInteger)


class LedgerLock(Base):
    """A row per model to lock, so that two charges cannot pass each other."""

    __tablename__ = "ledger_locks"

    model: Mapped[str] = mapped_column(ForeignKey("models.name"), primary_key=True)


def open_model(session: Session, model: str) -> None:
    """Make the lock row of a new model."""
    session.add(LedgerLock(model=model))
    session.flush()


def lock(session: Session, model: str) -> None:
    """Hold a model's ledger until the transaction ends."""
    session.execute(
        select(LedgerLock.model).where(LedgerLock.model == model).with_for_update()
    ).one()


def of_model(session: Session, model: str) -> Sequence[LedgerEntry]:
    """Every entry about one model, oldest first."""
    return session.scalars(
        select(LedgerEntry).where(LedgerEntry.model == model).order_by(LedgerEntry.id)
    ).all()


def charge_of(session: Session, run: str) -> LedgerEntry | None:
    """The charge of a run that no refund has taken back."""
    rows = session.scalars(select(LedgerEntry).where(LedgerEntry.run == run)).all()
    by_kind = {row.kind: row for row in rows}
    return None if "refund" in by_kind else by_kind.get("charge")


class Logged(NamedTuple):
    """A run-start or run-refund of the log, with what the ledger has for it.

    `auditor`, `owner_group` and `model` are those of its protocol, None where that is not known;
    `entry` is the ledger's charge or refund of the run.
    """

    run: str
    envelope: bytes
    at: float
    auditor: str | None
    owner_group: str | None
    model: str | None
    entry: LedgerEntry | None


def logged(session: Session, statement: str, kind: str, since: float) -> Sequence[Logged]:
    """Statements of a kind since a time, oldest first, each with the ledger's entry of `kind`."""
    entry = and_(LedgerEntry.run == Statement.run, LedgerEntry.kind == kind)
    query = (
        select(
            Statement.run,
            Statement.envelope,
            Statement.created_at,
            Protocol.auditor,
            Organisation.owner_group,
            Protocol.model,
            LedgerEntry,
        )
        .outerjoin(Protocol, Protocol.id == Statement.protocol)
        .outerjoin(Organisation, Organisation.name == Protocol.auditor)
        .outerjoin(LedgerEntry, entry)
        .where(Statement.kind == statement, Statement.created_at > since)
        .order_by(Statement.id)
    )
    return [Logged._make(row) for row in session.execute(query)]


def unexplained(session: Session) -> Sequence[LedgerEntry]:
    """Refunds of which the log knows nothing."""
    said = and_(Statement.run == LedgerEntry.run, Statement.kind == "run-refund")
    query = select(LedgerEntry).outerjoin(Statement, said)
    return session.scalars(query.where(LedgerEntry.kind == "refund", Statement.id.is_(None))).all()


def charges(session: Session, runs: Collection[str]) -> Mapping[str, LedgerEntry]:
    """The charge of each of these runs, refunded or not, by run."""
    query = select(LedgerEntry).where(LedgerEntry.kind == "charge", LedgerEntry.run.in_(runs))
    return {row.run: row for row in session.scalars(query)}


def drop(session: Session, row: LedgerEntry, act: Act) -> None:
    """Take an entry out that the log does not bear out."""
    session.execute(delete(LedgerEntry).where(LedgerEntry.id == row.id))
    audit.note(session, act, f"run:{row.run}")


def post(session: Session, row: LedgerEntry, act: Act) -> None:
    """Write one entry."""
    session.add(row)
    audit.note(session, act, f"run:{row.run}")
    session.flush()
