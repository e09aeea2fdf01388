"""The accountant's ledger: what each run was charged, and what was given back."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint, and_, delete, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from harness.records import audit
from harness.records.base import Act, Base
from harness.records.log import Statement
from harness.records.parties import Organisation
from harness.records.protocols import Protocol

CHARGE: Final = "charge"
COMPARED: Final = "compared"
# What takes a charge back, by its kind.
REFUNDS: Final = {CHARGE: "refund", COMPARED: "returned"}


class LedgerEntry(Base):
    """A charge, or the refund that takes it back. Append-only; `at` is whole seconds.

    `kind` is charge or refund; for the model of the other run that a run is compared with it is
    compared or returned.

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


def standing(session: Session, run: str) -> Mapping[str, LedgerEntry]:
    """The charges of a run that no refund has taken back, by kind."""
    rows = session.scalars(select(LedgerEntry).where(LedgerEntry.run == run)).all()
    by_kind = {row.kind: row for row in rows}
    return {
        kind: by_kind[kind]
        for kind, back in REFUNDS.items()
        if kind in by_kind and back not in by_kind
    }


def charge_of(session: Session, run: str) -> LedgerEntry | None:
    """The charge of a run to its own model that no refund has taken back."""
    return standing(session, run).get(CHARGE)


def model_of(session: Session, run: str) -> str | None:
    """Model of a run, by its agreement or its charge; None where neither is known."""
    query = select(Protocol.model).join(Statement, Statement.protocol == Protocol.id)
    found = session.scalars(query.where(Statement.run == run, Statement.kind == "run-start"))
    charged = charges(session, (run,)).get(run)
    return found.first() or (None if charged is None else charged.model)


class Logged(NamedTuple):
    """A run-start or run-refund of the log, with what the ledger has for it.

    `auditor`, `owner_group` and `model` are those of its protocol, None where that is not known;
    `entry` is the ledger's charge or refund of the run, `other` the one to the model of the run
    that it is compared with.
    """

    run: str
    envelope: bytes
    at: float
    auditor: str | None
    owner_group: str | None
    model: str | None
    entry: LedgerEntry | None
    other: LedgerEntry | None


def logged(
    session: Session, statement: str, kinds: tuple[str, str], since: float
) -> Sequence[Logged]:
    """Statements of a kind since a time, oldest first, each with the ledger's entries of `kinds`.

    The first kind is that of the run's own model.
    """
    entry = and_(LedgerEntry.run == Statement.run, LedgerEntry.kind == kinds[0])
    second = aliased(LedgerEntry)
    other = and_(second.run == Statement.run, second.kind == kinds[1])
    query = (
        select(
            Statement.run,
            Statement.envelope,
            Statement.created_at,
            Protocol.auditor,
            Organisation.owner_group,
            Protocol.model,
            LedgerEntry,
            second,
        )
        .outerjoin(Protocol, Protocol.id == Statement.protocol)
        .outerjoin(Organisation, Organisation.name == Protocol.auditor)
        .outerjoin(LedgerEntry, entry)
        .outerjoin(second, other)
        .where(Statement.kind == statement, Statement.created_at > since)
        .order_by(Statement.id)
    )
    return [Logged._make(row) for row in session.execute(query)]


def unexplained(session: Session) -> Sequence[LedgerEntry]:
    """Refunds of which the log knows nothing."""
    said = and_(Statement.run == LedgerEntry.run, Statement.kind == "run-refund")
    query = select(LedgerEntry).outerjoin(Statement, said)
    refunds = LedgerEntry.kind.in_(REFUNDS.values())
    return session.scalars(query.where(refunds, Statement.id.is_(None))).all()


def charges(
    session: Session, runs: Collection[str], kind: str = CHARGE
) -> Mapping[str, LedgerEntry]:
    """The charge of each of these runs, refunded or not, by run."""
    query = select(LedgerEntry).where(LedgerEntry.kind == kind, LedgerEntry.run.in_(runs))
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
