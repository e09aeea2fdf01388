"""What the operator's side remembers: images, self-tests and workers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, Double, String, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.records import audit
from harness.records.base import Act, Base
from harness.records.log import Statement


class Image(Base):
    """An admitted image, by its id; `packages` maps a Debian package to its version.

    `lock` is the SHA-256 of the lock of a suite's own wheels, in hexadecimal; empty without any.
    """

    __tablename__ = "images"

    id: Mapped[str] = mapped_column(String(71), primary_key=True)
    flavour: Mapped[str] = mapped_column(String(20))
    lock: Mapped[str] = mapped_column(String(64), server_default="")
    packages: Mapped[dict[str, str]] = mapped_column(JSON)
    added_at: Mapped[float] = mapped_column(Double)


class SelfTest(Base):
    """The newest self-test of an image on this host; `probes` holds every outcome."""

    __tablename__ = "selftests"

    image: Mapped[str] = mapped_column(String(71), primary_key=True)
    host: Mapped[str] = mapped_column(String(80), primary_key=True)
    engine: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(71))
    passed: Mapped[bool]
    probes: Mapped[list[dict[str, Any]]] = mapped_column(JSON, server_default="[]")
    at: Mapped[float] = mapped_column(Double)


class Worker(Base):
    """A worker process that has been seen."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    started_at: Mapped[float] = mapped_column(Double)
    seen_at: Mapped[float] = mapped_column(Double)


def put_image(session: Session, row: Image, act: Act) -> None:
    """Remember an image; the same id again only renews its time."""
    session.merge(row)
    audit.note(session, act, f"image:{row.id}")
    session.flush()


def newest_image(session: Session, flavour: str, lock: str = "") -> Image | None:
    """The image of a flavour and a suite's lock that was added last."""
    return session.scalars(
        select(Image)
        .where(Image.flavour == flavour, Image.lock == lock)
        .order_by(Image.added_at.desc())
        .limit(1)
    ).first()


def images(session: Session) -> Sequence[Image]:
    """Every image, newest first."""
    return session.scalars(select(Image).order_by(Image.added_at.desc(), Image.id)).all()


def image(session: Session, image_id: str) -> Image | None:
    """Find an image."""
    return session.get(Image, image_id)


def put_selftest(session: Session, row: SelfTest, act: Act) -> None:
    """Remember the newest self-test of an image on a host."""
    session.merge(row)
    audit.note(session, act, f"image:{row.image}")
    session.flush()


def selftests(session: Session) -> Sequence[SelfTest]:
    """The newest self-test of every image on every host, newest first."""
    return session.scalars(select(SelfTest).order_by(SelfTest.at.desc(), SelfTest.image)).all()


def selftest(session: Session, image_id: str, host: str) -> SelfTest | None:
    """The newest self-test of an image on a host."""
    return session.get(SelfTest, (image_id, host))


def see_worker(session: Session, name: str, at: float) -> None:
    """A worker's sign of life. Not audited."""
    row = session.get(Worker, name)
    if row is None:
        session.add(Worker(name=name, started_at=at, seen_at=at))
    else:
        row.seen_at = at


def workers(session: Session, since: float) -> Sequence[Worker]:
    """Workers seen since a time."""
    return session.scalars(
        select(Worker).where(Worker.seen_at >= since).order_by(Worker.name)
    ).all()


def server_time(session: Session) -> float:
    """What the database's own clock says, in seconds since the epoch."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    clock = (
        "(julianday('now') - 2440587.5) * 86400.0"
        if sqlite
        else "extract(epoch from clock_timestamp())"
    )
    return float(session.scalar(text(f"SELECT {clock}")))


def newest_mark(session: Session) -> float:
    """The newest moment that any host has written down: a statement's or a worker's; 0 for none."""
    stated = session.scalar(select(Statement.created_at).order_by(Statement.id.desc()).limit(1))
    seen = session.scalar(select(func.max(Worker.seen_at)))
    return max(stated or 0.0, seen or 0.0)
