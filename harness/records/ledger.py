"""The accountant's ledger: what each run was charged, and what was given back."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.records import audit
from harness.records.base import Act, Base


class LedgerEntry(Base):
    """A charge, or the refund that takes it back. Append-only; `at` is whole seconds."""

    __tablename__ = "ledger"
    __table_args__ = (UniqueConstraint("run", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    run: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    auditor: Mapped[str] = mapped_column(String(63))
    owner_group: Mapped[str] = mapped_column(String(63))
    model: Mapped[str] = mapped_column(ForeignKey("models.name"), index=True)
    microbits: Mapped[int] = mapped_column(BigInteger)
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


def post(session: Session, row: LedgerEntry, act: Act) -> None:
    """Write one entry."""
    session.add(row)
    audit.note(session, act, f"run:{row.run}")
    session.flush()
