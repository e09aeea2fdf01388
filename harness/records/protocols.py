"""Protocols: the mutable state of an agreement; the agreed bytes are a document."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import Double, ForeignKey, String, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.paging import Page, Window
from harness.records import audit, paging
from harness.records.base import Act, Base


class Protocol(Base):
    """`digest` names the exact bytes that every party signs."""

    __tablename__ = "protocols"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey("documents.digest"), unique=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    since: Mapped[float] = mapped_column(Double)
    auditor: Mapped[str] = mapped_column(ForeignKey("organisations.name"), index=True)
    vendor: Mapped[str] = mapped_column(ForeignKey("organisations.name"), index=True)
    model: Mapped[str] = mapped_column(ForeignKey("models.name"))
    suite: Mapped[str] = mapped_column(ForeignKey("suites.digest"))


def add(session: Session, row: Protocol, act: Act) -> None:
    """Store a proposal."""
    session.add(row)
    audit.note(session, act, f"protocol:{row.id}")
    session.flush()


def get(session: Session, protocol_id: str) -> Protocol | None:
    """Find one by its whole id."""
    return session.get(Protocol, protocol_id)


def matching(session: Session, prefix: str, own: Mapping[str, str]) -> Sequence[Protocol]:
    """Protocols whose id starts with `prefix`, of those whose columns are `own`; at most two."""
    query = select(Protocol).where(Protocol.id.startswith(prefix, autoescape=True))
    return session.scalars(paging.own(query, own, Protocol).limit(2)).all()


def listed(session: Session, own: Mapping[str, str], window: Window) -> Page[Protocol]:
    """Protocols whose columns are `own`, those that changed last first."""
    query = paging.own(select(Protocol), own, Protocol)
    return paging.page(session, query, Protocol.since, Protocol.id, window)


# Asked with every list: built once.
_DIGESTS: Final = select(Protocol.id, Protocol.digest).where(
    Protocol.id.in_(bindparam("ids", expanding=True))
)


def digests(session: Session, ids: Collection[str]) -> Mapping[str, str]:
    """Digest of the agreed bytes of each of these protocols, by protocol id."""
    return {row.id: row.digest for row in session.execute(_DIGESTS, {"ids": list(ids)})}


def in_state(session: Session, state: str) -> Sequence[Protocol]:
    """Every protocol in one state."""
    return session.scalars(select(Protocol).where(Protocol.state == state)).all()


def newest_in(
    session: Session, own: Mapping[str, str], state: str, limit: int
) -> Sequence[Protocol]:
    """Protocols in a state whose columns are `own`, those that changed last first."""
    query = paging.own(select(Protocol).where(Protocol.state == state), own, Protocol)
    return session.scalars(query.order_by(Protocol.since.desc(), Protocol.id).limit(limit)).all()


def move(session: Session, protocol_id: str, before: str, after: str, act: Act) -> bool:
    """Compare-and-swap the state; False when somebody else was faster."""
    moved = session.execute(
        update(Protocol)
        .where(Protocol.id == protocol_id, Protocol.state == before)
        .values(state=after, since=act.at)
        .returning(Protocol.id)
    ).first()
    if moved is None:
        return False
    audit.note(session, act, f"protocol:{protocol_id}")
    return True
