"""Signed-in browsers: server-side sessions behind an opaque secret, renewed at each sign-in."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from harness.errors import InvalidInput, NotFound
from harness.records import people
from harness.records.base import Act
from harness.services.access import Actor
from harness.services.parties import passwords
from harness.services.parties.people import clean_login
from harness.services.parties.secrets import digest, new_secret
from harness.services.platform.opening import Platform


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody in a browser. `actor` is None for a person without any organisation."""

    login: str
    name: str
    has_password: bool
    actor: Actor | None
    organisations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom a one-time link would sign in."""

    login: str
    name: str


def sign_in(platform: Platform, login: str, password: str, source: str, old: str = "") -> str:
    """Sign in by password; the new session's secret. Raises InvalidInput, TooManyAttempts.

    `old` is the secret that the browser brought along; its session ends.
    """
    login = clean_login(login)
    fitted = passwords.verify(platform, login, password, source)
    with platform.database.write() as session:
        row = people.person(session, login)
        # Hashing took its time: meanwhile the password may be another, or the person shut out.
        if row is None or row.password != fitted:
            raise passwords.wrong()
        return _begin(session, platform, row, "sign in", old)


def invited(session: Session, platform: Platform, secret: str) -> Invited | None:
    """Whom a one-time link would sign in, or None when it does not work (any more)."""
    row = people.link(session, digest(secret))
    if row is None or row.used_at is not None or row.expires_at <= platform.clock():
        return None
    person = people.person(session, row.person)
    if person is None or person.disabled_at is not None:
        return None
    return Invited(person.login, person.name)


def sign_in_by_link(session: Session, platform: Platform, secret: str, old: str = "") -> str:
    """Use a one-time link; the new session's secret. Raises InvalidInput.

    `old` is the secret that the browser brought along; its session ends.
    """
    act = Act("link", "sign in by link", platform.clock())
    login = people.use_link(session, digest(secret), act)
    row = None if login is None else people.person(session, login)
    if row is None:
        raise InvalidInput("link: was used already or has expired; ask the operator for another")
    return _begin(session, platform, row, act.action, old)


def look(session: Session, platform: Platform, secret: str) -> SignedIn | None:
    """Who is behind a session's secret, or None when it is over."""
    rows = people.signed_in(session, digest(secret))
    if not rows or rows[0].expires_at <= platform.clock() or rows[0].disabled_at is not None:
        return None
    who = rows[0]
    actors = [Actor(row.organisation, row.role, who.login) for row in rows if row.organisation]
    chosen = [actor for actor in actors if actor.organisation == who.chosen]
    return SignedIn(
        login=who.login,
        name=who.name,
        has_password=bool(who.has_password),
        actor=next(iter(chosen or actors), None),
        organisations=tuple(actor.organisation for actor in actors),
    )


def act_for(session: Session, platform: Platform, secret: str, organisation: str) -> None:
    """Let a session act for another of its person's organisations. Raises NotFound."""
    seen = look(session, platform, secret)
    if seen is None or organisation not in seen.organisations:
        raise NotFound(f"you do not act for an organisation named {organisation}")
    act = Act(seen.login[:80], "act for organisation", platform.clock())
    people.choose_organisation(session, digest(secret), organisation, act)


def others(session: Session, platform: Platform, login: str, secret: str) -> int:
    """How many more browsers a person is signed in with, beside the one with this secret."""
    found = people.sessions_of(session, login, platform.clock())
    return sum(row.digest != digest(secret) for row in found)


def end_others(session: Session, platform: Platform, login: str, secret: str) -> None:
    """End every session of a person but the one with this secret. Idempotent."""
    act = Act(login[:80], "end other sessions", platform.clock())
    people.end_sessions_of(session, login, act, but=digest(secret))


def sign_out(session: Session, platform: Platform, secret: str) -> None:
    """End a session. Idempotent."""
    people.end_session(session, digest(secret), Act("browser", "sign out", platform.clock()))


def _begin(
    session: Session, platform: Platform, person: people.Person, action: str, old: str
) -> str:
    if person.disabled_at is not None:
        raise passwords.wrong()
    secret = new_secret()
    act = Act(person.login[:80], action, platform.clock())
    if old:
        people.end_session(session, digest(old), act)
    organisations = people.organisations(session, person.login)
    people.add_session(
        session,
        people.WebSession(
            digest=digest(secret),
            person=person.login,
            organisation=organisations[0].name if organisations else None,
            created_at=act.at,
            expires_at=act.at + platform.settings.session_hours * 3600,
        ),
        act,
    )
    return secret
