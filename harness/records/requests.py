"""What requests leave behind: replies that may be asked for again, and counts of attempts."""

from sqlalchemy import Double, LargeBinary, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.records.base import Base


class Reply(Base):
    """The reply to a request that carried an idempotency key; `scope` is who asked."""

    __tablename__ = "replies"

    scope: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request: Mapped[str] = mapped_column(String(71))
    status: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[float] = mapped_column(Double, index=True)


class Attempts(Base):
    """How often something was tried in the window that began at `since`."""

    __tablename__ = "attempts"

    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[float] = mapped_column(Double, index=True)
    count: Mapped[int]


def reply(session: Session, scope: str, key: str) -> Reply | None:
    """The reply that was given to this key."""
    return session.get(Reply, (scope, key))


def keep_reply(session: Session, row: Reply) -> None:
    """Keep a reply in the transaction of its effect. Not audited: the effect is."""
    session.add(row)
    session.flush()


def attempts(session: Session, subject: str, *, lock: bool = False) -> Attempts | None:
    """The count of one subject; locked until the transaction ends, where rows can be locked."""
    query = select(Attempts).where(Attempts.subject == subject)
    return session.scalars(query.with_for_update() if lock else query).first()


def start_attempts(session: Session, subject: str, at: float) -> None:
    """Begin a new window with one attempt."""
    session.merge(Attempts(subject=subject, since=at, count=1))
    session.flush()


def count_attempt(session: Session, subject: str) -> None:
    """Count one more attempt. Not audited."""
    session.execute(
        update(Attempts).where(Attempts.subject == subject).values(count=Attempts.count + 1)
    )


def uncount_attempt(session: Session, subject: str) -> None:
    """Take one attempt back. Not audited."""
    session.execute(
        update(Attempts)
        .where(Attempts.subject == subject, Attempts.count > 0)
        .values(count=Attempts.count - 1)
    )


def drop_before(session: Session, at: float) -> None:
    """Forget old replies and counts. Not audited."""
    session.execute(delete(Reply).where(Reply.at < at))
    session.execute(delete(Attempts).where(Attempts.since < at))
