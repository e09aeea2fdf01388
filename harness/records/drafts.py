"""Drafts of protocols: exact bytes that wait for their author's signatures."""

from collections.abc import Sequence

from sqlalchemy import Double, ForeignKey, LargeBinary, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.records import audit
from harness.records.base import Act, Base


class Draft(Base):
    """What an auditor may sign and propose; `id` is the protocol's. Never updated."""

    __tablename__ = "drafts"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    auditor: Mapped[str] = mapped_column(ForeignKey("organisations.name"), index=True)
    digest: Mapped[str] = mapped_column(String(71))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[float] = mapped_column(Double, index=True)


def add(session: Session, row: Draft, act: Act) -> None:
    """Store a draft."""
    session.add(row)
    audit.note(session, act, f"draft:{row.id}")
    session.flush()


def get(session: Session, draft_id: str) -> Draft | None:
    """Find a draft."""
    return session.get(Draft, draft_id)


def by_auditor(session: Session, auditor: str) -> Sequence[Draft]:
    """An auditor's drafts, newest first."""
    return session.scalars(
        select(Draft).where(Draft.auditor == auditor).order_by(Draft.created_at.desc(), Draft.id)
    ).all()


def remove(session: Session, draft_id: str, act: Act) -> None:
    """Forget a draft: it was proposed."""
    session.execute(delete(Draft).where(Draft.id == draft_id))
    audit.note(session, act, f"draft:{draft_id}")


def drop_before(session: Session, at: float) -> None:
    """Forget drafts that were never proposed. Not audited."""
    session.execute(delete(Draft).where(Draft.created_at < at))
