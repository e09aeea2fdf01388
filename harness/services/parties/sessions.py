"""Signed-in browsers: server-side sessions behind an opaque secret, renewed at each sign-in."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from harness.errors import InvalidInput, NotFound
from harness.records import people
from harness.records.base import Act
from harness.services.access import Actor
from harness.services.parties.people import organisations_of, verify_password
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


def sign_in(platform: Platform, login: str, password: str, source: str) -> str:
    """Sign in by password; the new session's secret. Raises InvalidInput, TooManyAttempts."""
    verify_password(platform, login, password, source)
    with platform.database.write() as session:
        return _begin(session, platform, login, "sign in")


def link_owner(session: Session, platform: Platform, secret: str) -> str | None:
    """Whom a one-time link would sign in, or None when it does not work (any more)."""
    row = people.link(session, digest(secret))
    if row is None or row.used_at is not None or row.expires_at <= platform.clock():
        return None
    return row.person


def sign_in_by_link(session: Session, platform: Platform, secret: str) -> str:
    """Use a one-time link; the new session's secret. Raises InvalidInput."""
    act = Act("link", "sign in by link", platform.clock())
    login = people.use_link(session, digest(secret), act)
    if login is None:
        raise InvalidInput("link: was used already or has expired; ask the operator for another")
    return _begin(session, platform, login, "sign in by link")


def look(session: Session, platform: Platform, secret: str) -> SignedIn | None:
    """Who is behind a session's secret, or None when it is over."""
    row = people.web_session(session, digest(secret))
    if row is None or row.expires_at <= platform.clock():
        return None
    person = people.person(session, row.person)
    if person is None or person.disabled_at is not None:
        return None
    actors = organisations_of(session, person.login)
    chosen = [actor for actor in actors if actor.organisation == row.organisation]
    return SignedIn(
        login=person.login,
        name=person.name,
        has_password=person.password is not None,
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


def sign_out(session: Session, platform: Platform, secret: str) -> None:
    """End a session. Idempotent."""
    people.end_session(session, digest(secret), Act("browser", "sign out", platform.clock()))


def _begin(session: Session, platform: Platform, login: str, action: str) -> str:
    secret = new_secret()
    act = Act(login[:80], action, platform.clock())
    organisations = people.memberships(session, login)
    people.add_session(
        session,
        people.WebSession(
            digest=digest(secret),
            person=login,
            organisation=organisations[0] if organisations else None,
            created_at=act.at,
            expires_at=act.at + platform.settings.session_hours * 3600,
        ),
        act,
    )
    return secret
