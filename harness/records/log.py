"""The transparency log: signed statements waiting for it, its leaves and its head.

This table is the source of truth of the log; a statement with `index` None waits in the
outbox. The head moves by compare-and-swap, so two sequencers cannot fork it.
"""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Double, LargeBinary, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.records import audit
from harness.records.base import Act, Base


class Document(Base):
    """Exact bytes of a signed document, by digest. Never updated."""

    __tablename__ = "documents"

    digest: Mapped[str] = mapped_column(String(71), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    body: Mapped[bytes] = mapped_column(LargeBinary)


class Statement(Base):
    """One DSSE envelope and its place in the log."""

    __tablename__ = "statements"

    id: Mapped[int] = mapped_column(primary_key=True)
    pae_digest: Mapped[str] = mapped_column(String(71), unique=True)
    kind: Mapped[str] = mapped_column(String(40), index=True)
    protocol: Mapped[str | None] = mapped_column(String(32), index=True)
    run: Mapped[str | None] = mapped_column(String(16), index=True)
    organisation: Mapped[str | None] = mapped_column(String(63))
    withheld: Mapped[bool]
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
    verifier: Mapped[bytes] = mapped_column(LargeBinary)
    leaf: Mapped[bytes] = mapped_column(LargeBinary)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)
    index: Mapped[int | None] = mapped_column(unique=True)
    not_before: Mapped[float] = mapped_column(Double)
    created_at: Mapped[float] = mapped_column(Double)


class LogHead(Base):
    """The newest checkpoint; one row."""

    __tablename__ = "log_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int]
    note: Mapped[str] = mapped_column(String(1000))


def put_document(session: Session, row: Document, act: Act) -> None:
    """Store a document once; the same bytes again change nothing."""
    if session.get(Document, row.digest) is None:
        session.add(row)
        audit.note(session, act, f"document:{row.digest}")
        session.flush()


def document(session: Session, digest: str) -> Document | None:
    """The document with this digest."""
    return session.get(Document, digest)


def bodies(session: Session, digests: Collection[str]) -> Mapping[str, bytes]:
    """The bytes of each of these documents that is there, by digest."""
    query = select(Document.digest, Document.body).where(Document.digest.in_(digests))
    return {row.digest: row.body for row in session.execute(query)}


def add(session: Session, row: Statement, act: Act) -> None:
    """Put a signed statement into the outbox."""
    session.add(row)
    audit.note(session, act, f"statement:{row.pae_digest}")
    session.flush()


def due(session: Session, now: float) -> Sequence[Statement]:
    """Statements whose time to be logged has come: by that time, then by run, then by age."""
    return session.scalars(
        select(Statement)
        .where(Statement.index.is_(None), Statement.not_before <= now)
        .order_by(Statement.not_before, Statement.run.nulls_first(), Statement.id)
    ).all()


def of_protocol(session: Session, protocol: str) -> Sequence[Statement]:
    """Every logged statement about one protocol and its runs, in log order."""
    return session.scalars(
        select(Statement)
        .where(Statement.protocol == protocol, Statement.index.is_not(None))
        .order_by(Statement.index)
    ).all()


def since(session: Session, index: int) -> Sequence[Statement]:
    """Every logged statement from one index on, in log order."""
    return session.scalars(
        select(Statement).where(Statement.index >= index).order_by(Statement.index)
    ).all()


def waiting(session: Session, pae_digest: str) -> Statement | None:
    """The statement in the outbox whose signed bytes have this digest."""
    return session.scalars(
        select(Statement).where(Statement.pae_digest == pae_digest, Statement.index.is_(None))
    ).first()


def newest(session: Session, limit: int, before: int | None = None) -> Sequence[Statement]:
    """Logged statements, the newest first, all of them or those below an index."""
    query = select(Statement).where(Statement.index.is_not(None))
    if before is not None:
        query = query.where(Statement.index < before)
    return session.scalars(query.order_by(Statement.index.desc()).limit(limit)).all()


def at_index(session: Session, index: int) -> Statement | None:
    """The statement with this place in the log."""
    return session.scalars(select(Statement).where(Statement.index == index)).first()


def by_digest(session: Session, pae_digest: str) -> Statement | None:
    """The logged statement whose signed bytes have this digest."""
    return session.scalars(
        select(Statement).where(Statement.pae_digest == pae_digest, Statement.index.is_not(None))
    ).first()


def activated(session: Session, protocols: Collection[str]) -> set[str]:
    """Which of these protocols have their activation in the log."""
    return set(
        session.scalars(
            select(Statement.protocol).where(
                Statement.kind == "protocol-activation",
                Statement.index.is_not(None),
                Statement.protocol.in_(protocols),
            )
        )
    )


def find(
    session: Session, kind: str, *, protocol: str | None = None, run: str | None = None
) -> Sequence[Statement]:
    """Statements of one kind about a protocol or a run, logged or not, oldest first."""
    query = select(Statement).where(Statement.kind == kind)
    if protocol is not None:
        query = query.where(Statement.protocol == protocol)
    if run is not None:
        query = query.where(Statement.run == run)
    return session.scalars(query.order_by(Statement.id)).all()


def leaf_hashes(session: Session) -> Sequence[bytes]:
    """Every leaf hash of the log, in order."""
    return session.scalars(
        select(Statement.leaf_hash).where(Statement.index.is_not(None)).order_by(Statement.index)
    ).all()


def head(session: Session) -> LogHead | None:
    """The newest checkpoint, if the log has begun."""
    return session.get(LogHead, 1)


def advance(session: Session, before: int, after: int, note: str, act: Act) -> bool:
    """Move the head from size `before` to `after`; False when it has moved already."""
    if before == 0 and session.get(LogHead, 1) is None:
        session.add(LogHead(id=1, size=after, note=note))
        session.flush()
        audit.note(session, act, f"log:{after}")
        return True
    moved = session.execute(
        update(LogHead)
        .where(LogHead.id == 1, LogHead.size == before)
        .values(size=after, note=note)
        .returning(LogHead.id)
    ).first()
    if moved is None:
        return False
    audit.note(session, act, f"log:{after}")
    return True
