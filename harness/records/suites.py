"""Submitted suites, by digest."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Double, ForeignKey, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, deferred, mapped_column

from harness.paging import Page, Window
from harness.records import audit, paging
from harness.records.base import Act, Base


class Suite(Base):
    """A packed suite. `archive` holds prompts and answer keys: it is loaded only on demand."""

    __tablename__ = "suites"

    digest: Mapped[str] = mapped_column(String(71), primary_key=True)
    auditor: Mapped[str] = mapped_column(ForeignKey("organisations.name"), index=True)
    suite: Mapped[str] = mapped_column(String(32))
    version: Mapped[str] = mapped_column(String(40))
    samples: Mapped[int]
    manifest: Mapped[bytes] = mapped_column(LargeBinary)
    archive: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    submitted_at: Mapped[float] = mapped_column(Double)


def add(session: Session, row: Suite, act: Act) -> None:
    """Store a suite."""
    session.add(row)
    audit.note(session, act, f"suite:{row.digest}")
    session.flush()


def get(session: Session, digest: str) -> Suite | None:
    """Find a suite without its archive."""
    return session.get(Suite, digest)


def archive(session: Session, digest: str) -> bytes | None:
    """The exact packed bytes."""
    return session.scalar(select(Suite.archive).where(Suite.digest == digest))


def matching(session: Session, prefix: str, own: Mapping[str, str]) -> Sequence[Suite]:
    """Suites whose digest starts with `prefix`, of those whose columns are `own`; at most two."""
    query = select(Suite).where(Suite.digest.startswith(prefix, autoescape=True))
    return session.scalars(paging.own(query, own, Suite).limit(2)).all()


def listed(session: Session, own: Mapping[str, str], window: Window) -> Page[Suite]:
    """Suites whose columns are `own`, newest first."""
    query = paging.own(select(Suite), own, Suite)
    return paging.page(session, query, Suite.submitted_at, Suite.digest, window)
