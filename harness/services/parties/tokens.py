"""API tokens: shown once, kept as digests, scoped, expiring, of one person for one organisation."""

import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from harness.errors import InvalidInput, NotFound, NotSignedIn
from harness.records import parties, people, tokens
from harness.records.base import Act
from harness.services.access import READ, SCOPES, Actor, Thing, check
from harness.services.parties import throttle
from harness.services.parties.secrets import digest, new_secret
from harness.services.platform.opening import Platform

PREFIX: Final = "assay_"
MOST_DAYS: Final = 366
_LONGEST_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner sees it; never its secret."""

    id: str
    name: str
    organisation: str
    scopes: tuple[str, ...]
    created_at: float
    expires_at: float


def issue(
    session: Session, platform: Platform, actor: Actor, name: str, scopes: list[str], days: int
) -> tuple[Token, str]:
    """Make a token for the organisation that the actor acts for; with its secret, shown once."""
    check(actor, "add", Thing("token", owner=actor.organisation))
    if actor.person is None:
        raise InvalidInput("person: a token belongs to a person who is signed in")
    problems = []
    if not 0 < len(name.strip()) <= _LONGEST_NAME or not name.isprintable():
        problems.append(f"name: one line of 1 to {_LONGEST_NAME} characters")
    if READ not in scopes or not set(scopes) <= SCOPES:
        problems.append("scopes: read, or read and write")
    if not 1 <= days <= MOST_DAYS:
        problems.append(f"days: 1 to {MOST_DAYS}")
    if problems:
        raise InvalidInput(problems)
    secret = new_secret(PREFIX)
    now = platform.clock()
    row = tokens.ApiToken(
        id=secrets.token_hex(4),
        digest=digest(secret),
        name=name.strip(),
        person=actor.person,
        organisation=actor.organisation,
        scopes=" ".join(sorted(set(scopes))),
        created_at=now,
        expires_at=now + days * 86400,
        revoked_at=None,
    )
    tokens.add(session, row, Act(actor.label, "add token", now))
    return _shown(row), secret


def actor_of(platform: Platform, secret: str, source: str) -> Actor:
    """Who a token acts for. Raises NotSignedIn, or TooManyAttempts after many wrong ones.

    `source` is the network address that asks.
    """
    throttle.check(platform, throttle.TOKEN_SOURCE, source)
    with platform.database.read() as session:
        row = tokens.by_digest(session, digest(secret))
        if row is not None and row.revoked_at is None and row.expires_at > platform.clock():
            person = people.person(session, row.person)
            organisation = parties.organisation(session, row.organisation)
            member = row.organisation in people.memberships(session, row.person)
            if member and organisation and person and person.disabled_at is None:
                scopes = frozenset(row.scopes.split())
                return Actor(organisation.name, organisation.role, person.login, scopes)
    throttle.attempt(platform, throttle.TOKEN_SOURCE, source)
    raise NotSignedIn("the token is unknown, revoked or expired: make another on your account page")


def own(session: Session, actor: Actor) -> list[Token]:
    """The actor's tokens for the organisation acted for, newest first."""
    check(actor, "read", Thing("token", owner=actor.organisation))
    return [
        _shown(row) for row in tokens.of_person(session, actor.person or "", actor.organisation)
    ]


def revoke(session: Session, platform: Platform, actor: Actor, token_id: str) -> None:
    """End one of the actor's tokens. Raises NotFound."""
    row = tokens.get(session, token_id)
    if row is None or (row.person, row.organisation) != (actor.person, actor.organisation):
        raise NotFound(f"you have no token {token_id}")
    check(actor, "revoke", Thing("token", owner=row.organisation))
    tokens.revoke(session, row.id, Act(actor.label, "revoke token", platform.clock()))


def _shown(row: tokens.ApiToken) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        organisation=row.organisation,
        scopes=tuple(row.scopes.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
