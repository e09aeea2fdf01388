"""API tokens: shown once, kept as digests, scoped, expiring, of one person for one organisation."""

import re
import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from harness.errors import Conflict, InvalidInput, NotFound, NotSignedIn
from harness.records import people, tokens
from harness.records.base import Act
from harness.services.access import READ, SCOPES, Actor, Thing, check
from harness.services.parties import throttle
from harness.services.parties.secrets import digest, new_secret
from harness.services.platform.opening import Platform

PREFIX: Final = "assay_"
MOST_DAYS: Final = 366
MOST: Final = 50
_LONGEST_NAME: Final = 80
_ID: Final = re.compile(r"[0-9a-f]{16}")
_DAY_S: Final = 24 * 3600


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
    """Make a token for the organisation that the actor acts for; with its secret, shown once.

    A token that is made with a token does no more than that one, and not for longer. Raises
    InvalidInput, or Conflict for somebody who has a great many.
    """
    check(actor, "add", Thing("token", owner=actor.organisation))
    if actor.person is None:
        raise InvalidInput("person: a token belongs to a person who is signed in")
    problems = []
    if not 0 < len(name.strip()) <= _LONGEST_NAME or not name.isprintable():
        problems.append(f"name: one line of 1 to {_LONGEST_NAME} characters")
    if READ not in scopes or not set(scopes) <= SCOPES & actor.scopes:
        problems.append("scopes: read, or read and write")
    if not 1 <= days <= MOST_DAYS:
        problems.append(f"days: 1 to {MOST_DAYS}")
    if problems:
        raise InvalidInput(problems)
    now = platform.clock()
    if len(_live(session, actor, now)) >= MOST:
        raise Conflict(f"you have {MOST} tokens already; revoke those that are not used")
    expires = now + days * _DAY_S
    secret = new_secret(PREFIX)
    row = tokens.ApiToken(
        id=secrets.token_hex(8),
        digest=digest(secret),
        name=name.strip(),
        person=actor.person,
        organisation=actor.organisation,
        scopes=" ".join(sorted(set(scopes))),
        created_at=now,
        expires_at=expires if actor.until is None else min(expires, actor.until),
        revoked_at=None,
    )
    tokens.add(session, row, Act(actor.label, "add token", now))
    return _shown(row), secret


def actor_of(platform: Platform, secret: str, source: str) -> Actor:
    """Who a token acts for. Raises NotSignedIn, or TooManyAttempts after many wrong ones.

    `source` is the network address that asks. A token that is right is never throttled: others
    behind the same address may have sent the wrong ones, and nobody guesses 256 bits.
    """
    with platform.database.read() as session:
        actor = _holder(session, digest(secret), platform.clock())
    if actor is not None:
        return actor
    place = throttle.network(source)
    throttle.check(platform, throttle.TOKEN_SOURCE, place)
    throttle.attempt(platform, (throttle.TOKEN_SOURCE, place))
    raise NotSignedIn("the token is unknown, revoked or expired: make another on your account page")


def own(session: Session, platform: Platform, actor: Actor) -> list[Token]:
    """The actor's tokens that work, for the organisation acted for, newest first."""
    check(actor, "read", Thing("token", owner=actor.organisation))
    return [_shown(row) for row in _live(session, actor, platform.clock())]


def find(session: Session, actor: Actor, token_id: str) -> Token:
    """One of the actor's tokens. Raises NotFound, also for somebody else's."""
    check(actor, "read", Thing("token", owner=actor.organisation))
    row = tokens.get(session, token_id) if _ID.fullmatch(token_id) else None
    mine = row is not None and (row.person, row.organisation) == (actor.person, actor.organisation)
    if row is None or not mine or row.revoked_at is not None:
        raise NotFound("you have no such token")
    return _shown(row)


def revoke(session: Session, platform: Platform, actor: Actor, token_id: str) -> None:
    """End one of the actor's tokens. Raises NotFound."""
    check(actor, "revoke", Thing("token", owner=actor.organisation))
    found = find(session, actor, token_id)
    tokens.revoke(session, found.id, Act(actor.label, "revoke token", platform.clock()))


def _live(session: Session, actor: Actor, now: float) -> list[tokens.ApiToken]:
    found = tokens.of_person(session, actor.person or "", actor.organisation)
    return [row for row in found if row.expires_at > now]


def _holder(session: Session, secret_digest: str, now: float) -> Actor | None:
    row = tokens.by_digest(session, secret_digest)
    if row is None or row.revoked_at is not None or row.expires_at <= now:
        return None
    person = people.person(session, row.person)
    if person is None or person.disabled_at is not None:
        return None
    for organisation in people.organisations(session, row.person):
        if organisation.name == row.organisation:
            scopes = frozenset(row.scopes.split())
            return Actor(organisation.name, organisation.role, person.login, scopes, row.expires_at)
    return None


def _shown(row: tokens.ApiToken) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        organisation=row.organisation,
        scopes=tuple(row.scopes.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
