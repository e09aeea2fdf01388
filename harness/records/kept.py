"""Sums of a released run's scores, encrypted, for the difference to another model's run."""

from sqlalchemy import Double, ForeignKey, LargeBinary, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.records import audit
from harness.records.base import Act, Base


class KeptSums(Base):
    """`sealed` opens with the vault's key only; `until` is when it is removed."""

    __tablename__ = "kept_sums"

    run: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    until: Mapped[float] = mapped_column(Double, index=True)


def put(session: Session, row: KeptSums, act: Act) -> None:
    """Keep the sums of a run; there is one row for each."""
    session.add(row)
    audit.note(session, act, f"run:{row.run}")
    session.flush()


def get(session: Session, run: str) -> KeptSums | None:
    """What is kept of a run."""
    return session.get(KeptSums, run)


def drop_before(session: Session, now: float) -> None:
    """Remove what has been kept for as long as was agreed. Not audited."""
    session.execute(delete(KeptSums).where(KeptSums.until < now))
