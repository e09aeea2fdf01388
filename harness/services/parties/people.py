"""People: who they are, whom they act for, and their passwords.

There is no default password: a person gets a link that signs in once, and sets one then.
"""

import re
from dataclasses import dataclass
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.orm import Session

from harness.errors import Conflict, InvalidInput, NotFound
from harness.records import parties, people
from harness.records.base import Act
from harness.services.access import Actor, Thing, check
from harness.services.parties import throttle
from harness.services.parties.secrets import digest, new_secret
from harness.services.platform.opening import Platform

LEAST_PASSWORD: Final = 12
MOST_PASSWORD: Final = 256
LINK_S: Final = 3 * 24 * 3600
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._+@-]{1,119}")
_LONGEST_NAME: Final = 120
_hasher: Final = PasswordHash((Argon2Hasher(),))
# Checked where nobody has that login, so that an answer takes as long as for somebody.
_NOBODY: Final = _hasher.hash(new_secret())


@dataclass(frozen=True, slots=True)
class Member:
    """A person as the operator sees one."""

    login: str
    name: str
    organisations: tuple[str, ...]
    has_password: bool


def add(
    session: Session, platform: Platform, actor: Actor, login: str, name: str, organisation: str
) -> str:
    """Register somebody who may act for an organisation; the secret of a one-time link.

    Somebody who is registered already gets the organisation besides those there are.
    """
    check(actor, "add", Thing("person"))
    problems = []
    if not _LOGIN.fullmatch(login):
        problems.append("login: 2 to 120 of a-z, 0-9, dot, underscore, plus, at sign and hyphen")
    if not 0 < len(name.strip()) <= _LONGEST_NAME or not name.isprintable():
        problems.append(f"name: one line of 1 to {_LONGEST_NAME} characters")
    if parties.organisation(session, organisation) is None:
        problems.append("organisation: none of that name is registered; add it first")
    if problems:
        raise InvalidInput(problems)
    act = Act(actor.label, "add person", platform.clock())
    if people.person(session, login) is None:
        people.add_person(
            session,
            people.Person(
                login=login, name=name.strip(), password=None, created_at=act.at, disabled_at=None
            ),
            act,
        )
    elif organisation in people.memberships(session, login):
        raise Conflict(f"{login} acts for {organisation} already; give a new link instead")
    row = people.Membership(person=login, organisation=organisation, added_at=act.at)
    people.add_membership(session, row, act)
    return _link(session, login, act)


def new_link(session: Session, platform: Platform, actor: Actor, login: str) -> str:
    """The secret of a fresh one-time link for somebody who lost the password."""
    check(actor, "add", Thing("person"))
    row = people.person(session, login)
    if row is None or row.disabled_at is not None:
        raise NotFound(f"nobody has the login {login}")
    return _link(session, login, Act(actor.label, "give sign-in link", platform.clock()))


def first_operator(session: Session, platform: Platform) -> str | None:
    """At first start: the operator's organisation and a person for it; a link, or None later on."""
    if people.anybody(session):
        return None
    name = platform.settings.operator
    act = Act("server", "first start", platform.clock())
    if parties.organisation(session, name) is None:
        parties.add_organisation(
            session,
            parties.Organisation(name=name, role="operator", owner_group=name, created_at=act.at),
            act,
        )
    return add(session, platform, Actor(name, "operator"), name, "Operator", name)


def members(session: Session, actor: Actor) -> list[Member]:
    """Everybody, for the operator."""
    check(actor, "read", Thing("person"))
    return [
        Member(
            row.login,
            row.name,
            tuple(people.memberships(session, row.login)),
            row.password is not None,
        )
        for row in people.people(session)
    ]


def organisations_of(session: Session, login: str) -> list[Actor]:
    """Whom a person may act for, as actors."""
    found = (parties.organisation(session, name) for name in people.memberships(session, login))
    return [Actor(row.name, row.role, login) for row in found if row is not None]


def verify_password(platform: Platform, login: str, password: str, source: str) -> None:
    """Check a password. Raises InvalidInput without saying what is wrong, or TooManyAttempts.

    `source` is the network address that asks.
    """
    throttle.attempt(platform, throttle.LOGIN_SOURCE, source)
    throttle.attempt(platform, throttle.LOGIN, login)
    with platform.database.read() as session:
        row = people.person(session, login)
        usable = row is not None and row.disabled_at is None
        stored = row.password if row is not None and usable else None
    # No transaction is open here: hashing takes its time on purpose.
    right = _hasher.verify(password[:MOST_PASSWORD], stored or _NOBODY)
    if not right or stored is None:
        raise InvalidInput("login: login and password do not fit together")
    throttle.forget(platform, throttle.LOGIN, login)


def set_password(platform: Platform, login: str, password: str, keep_session: str) -> None:
    """Set somebody's own password and end their other sessions. Raises InvalidInput."""
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise InvalidInput(f"password: {LEAST_PASSWORD} to {MOST_PASSWORD} characters")
    if password.casefold() in {login.casefold(), login.casefold() * 2}:
        raise InvalidInput("password: not your login")
    hashed = _hasher.hash(password)
    act = Act(login[:80], "set password", platform.clock())
    with platform.database.write() as session:
        people.set_password(session, login, hashed, act)
        people.end_sessions_of(session, login, act, but=digest(keep_session))


def _link(session: Session, login: str, act: Act) -> str:
    secret = new_secret()
    people.add_link(
        session,
        people.SignInLink(
            digest=digest(secret),
            person=login,
            created_at=act.at,
            expires_at=act.at + LINK_S,
            used_at=None,
        ),
        act,
    )
    return secret
