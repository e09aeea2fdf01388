"""The audit trail: one row per write, in the same transaction."""

from collections.abc import Sequence

from sqlalchemy import Double, String, event, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.records.base import Act, Base


class AuditRow(Base):
    """Append-only. `subject` names an object, never its content."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[float] = mapped_column(Double)
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(200), index=True)


def note(session: Session, act: Act, subject: str) -> None:
    """Add the audit row of a write that is part of this transaction."""
    session.add(AuditRow(at=act.at, actor=act.actor, action=act.action, subject=subject))


def trail(session: Session, subject: str) -> Sequence[AuditRow]:
    """Every row about one object, oldest first."""
    return session.scalars(
        select(AuditRow).where(AuditRow.subject == subject).order_by(AuditRow.id)
    ).all()


def newest(session: Session, limit: int) -> Sequence[AuditRow]:
    """The last rows about anything, newest first."""
    return session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)).all()


@event.listens_for(AuditRow, "before_update")
@event.listens_for(AuditRow, "before_delete")
def _refuse_edit(*_: object) -> None:
    raise RuntimeError("the audit trail is append-only")
