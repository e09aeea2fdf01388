"""People, the organisations they act for, and how they sign in.

Secrets are stored as SHA-256 digests of random 256-bit values, passwords as argon2 hashes.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Double, ForeignKey, String, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from harness.records import audit
from harness.records.base import Act, Base
from harness.records.parties import Organisation


class Person(Base):
    """Somebody who signs in. `password` is None until one is set."""

    __tablename__ = "people"

    login: Mapped[str] = mapped_column(String(120), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    password: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[float] = mapped_column(Double)
    disabled_at: Mapped[float | None] = mapped_column(Double)


class Membership(Base):
    """A person may act for an organisation."""

    __tablename__ = "memberships"

    person: Mapped[str] = mapped_column(ForeignKey("people.login"), primary_key=True)
    organisation: Mapped[str] = mapped_column(
        ForeignKey("organisations.name"), primary_key=True, index=True
    )
    added_at: Mapped[float] = mapped_column(Double)


class SignInLink(Base):
    """A link that signs one person in, once."""

    __tablename__ = "sign_in_links"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.login"), index=True)
    created_at: Mapped[float] = mapped_column(Double)
    expires_at: Mapped[float] = mapped_column(Double)
    used_at: Mapped[float | None] = mapped_column(Double)


class WebSession(Base):
    """A signed-in browser; `organisation` is the one it acts for now."""

    __tablename__ = "web_sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.login"), index=True)
    organisation: Mapped[str | None] = mapped_column(ForeignKey("organisations.name"))
    created_at: Mapped[float] = mapped_column(Double)
    expires_at: Mapped[float] = mapped_column(Double, index=True)


def add_person(session: Session, row: Person, act: Act) -> None:
    """Store a new person."""
    session.add(row)
    audit.note(session, act, f"person:{row.login}")
    session.flush()


def add_membership(session: Session, row: Membership, act: Act) -> None:
    """Let a person act for an organisation."""
    session.add(row)
    audit.note(session, act, f"person:{row.person}")
    session.flush()


def person(session: Session, login: str) -> Person | None:
    """Find one by login."""
    return session.get(Person, login)


def people(session: Session) -> Sequence[Person]:
    """All of them, by login."""
    return session.scalars(select(Person).order_by(Person.login)).all()


def organisations(session: Session, login: str) -> Sequence[Organisation]:
    """The organisations that a person may act for, by name."""
    return session.scalars(
        select(Organisation)
        .join(Membership, Membership.organisation == Organisation.name)
        .where(Membership.person == login)
        .order_by(Organisation.name)
    ).all()


def memberships(session: Session) -> Sequence[Membership]:
    """Who may act for whom, all of it, by organisation."""
    return session.scalars(
        select(Membership).order_by(Membership.organisation, Membership.person)
    ).all()


def members(session: Session, organisation: str) -> Sequence[Person]:
    """People who may act for an organisation, by login."""
    return session.scalars(
        select(Person)
        .join(Membership, Membership.person == Person.login)
        .where(Membership.organisation == organisation)
        .order_by(Person.login)
    ).all()


def set_password(session: Session, login: str, password: str | None, act: Act) -> None:
    """Replace a person's password hash; None takes the password away."""
    session.execute(update(Person).where(Person.login == login).values(password=password))
    audit.note(session, act, f"person:{login}")


def set_disabled(session: Session, login: str, at: float | None, act: Act) -> None:
    """Shut a person out from a time on, or let them in again with None."""
    session.execute(update(Person).where(Person.login == login).values(disabled_at=at))
    audit.note(session, act, f"person:{login}")


def add_link(session: Session, row: SignInLink, act: Act) -> None:
    """Store a one-time link."""
    session.add(row)
    audit.note(session, act, f"person:{row.person}")
    session.flush()


def link(session: Session, digest: str) -> SignInLink | None:
    """Find a one-time link."""
    return session.get(SignInLink, digest)


def use_link(session: Session, digest: str, act: Act) -> str | None:
    """Use a link up; the person, or None when it was used or has expired."""
    login = session.scalar(
        update(SignInLink)
        .where(
            SignInLink.digest == digest,
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > act.at,
        )
        .values(used_at=act.at)
        .returning(SignInLink.person)
    )
    if login is not None:
        audit.note(session, act, f"person:{login}")
    return login


def drop_links_of(session: Session, login: str, act: Act) -> None:
    """Forget every one-time link of a person, used or not."""
    session.execute(delete(SignInLink).where(SignInLink.person == login))
    audit.note(session, act, f"person:{login}")


def add_session(session: Session, row: WebSession, act: Act) -> None:
    """Store a signed-in browser."""
    session.add(row)
    audit.note(session, act, f"person:{row.person}")
    session.flush()


def sessions_of(session: Session, login: str, at: float) -> Sequence[WebSession]:
    """A person's sessions that have not expired."""
    return session.scalars(
        select(WebSession).where(WebSession.person == login, WebSession.expires_at > at)
    ).all()


# Asked with every page: built once, in one query.
_SIGNED_IN: Final = (
    select(
        WebSession.expires_at,
        WebSession.organisation.label("chosen"),
        Person.login,
        Person.name,
        Person.password.is_not(None).label("has_password"),
        Person.disabled_at,
        Organisation.name.label("organisation"),
        Organisation.role,
    )
    .join(Person, Person.login == WebSession.person)
    .outerjoin(Membership, Membership.person == Person.login)
    .outerjoin(Organisation, Organisation.name == Membership.organisation)
    .where(WebSession.digest == bindparam("digest"))
    .order_by(Organisation.name)
)


def signed_in(session: Session, digest: str) -> Sequence[Any]:
    """Who is behind a session: a row for each organisation of the person, or none at all.

    A person without any organisation has one row, in which `organisation` and `role` are None.
    """
    return session.execute(_SIGNED_IN, {"digest": digest}).all()


def choose_organisation(session: Session, digest: str, organisation: str, act: Act) -> None:
    """Let a session act for another organisation."""
    session.execute(
        update(WebSession).where(WebSession.digest == digest).values(organisation=organisation)
    )
    audit.note(session, act, f"organisation:{organisation}")


def end_session(session: Session, digest: str, act: Act) -> None:
    """Forget a session."""
    login = session.scalar(
        delete(WebSession).where(WebSession.digest == digest).returning(WebSession.person)
    )
    if login is not None:
        audit.note(session, act, f"person:{login}")


def end_sessions_of(session: Session, login: str, act: Act, *, but: str = "") -> None:
    """Forget every session of a person, except perhaps the one that asks."""
    session.execute(delete(WebSession).where(WebSession.person == login, WebSession.digest != but))
    audit.note(session, act, f"person:{login}")


def drop_expired(session: Session, at: float) -> None:
    """Forget what has expired. Not audited."""
    session.execute(delete(WebSession).where(WebSession.expires_at <= at))
    session.execute(delete(SignInLink).where(SignInLink.expires_at <= at))
