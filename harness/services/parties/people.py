"""People: who they are, whom they act for, and the one-time links that let them in.

There is no default password: a person gets a link that signs in once, and sets one then.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from harness.errors import Conflict, InvalidInput, NotFound, Unavailable
from harness.records import parties, people
from harness.records.base import Act
from harness.services.access import Actor, Thing, check
from harness.services.parties.secrets import digest, new_secret
from harness.services.platform.opening import Platform

LINK_S: Final = 3 * 24 * 3600
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._+@-]{1,119}")
_LONGEST_NAME: Final = 120
_PERSON: Final = Thing("person")


@dataclass(frozen=True, slots=True)
class Member:
    """A person as the operator sees one; `disabled` is somebody who may not sign in."""

    login: str
    name: str
    organisations: tuple[str, ...]
    has_password: bool
    disabled: bool


def clean_login(typed: str) -> str:
    """A login as it is stored; empty for text that can be nobody's."""
    login = typed.strip().lower()
    return login if _LOGIN.fullmatch(login) else ""


def add(
    session: Session, platform: Platform, actor: Actor, login: str, name: str, organisation: str
) -> str:
    """Register somebody who may act for an organisation; the secret of a one-time link.

    Somebody who is registered already gets the organisation besides those there are, and keeps
    name and password. Raises InvalidInput or Conflict.
    """
    check(actor, "add", _PERSON)
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
    known = people.person(session, login)
    if known is None:
        people.add_person(
            session,
            people.Person(
                login=login, name=name.strip(), password=None, created_at=act.at, disabled_at=None
            ),
            act,
        )
    elif known.disabled_at is not None:
        raise Conflict(f"{login} is shut out; let them in again first")
    elif organisation in {row.name for row in people.organisations(session, login)}:
        raise Conflict(f"{login} acts for {organisation} already; give a new link instead")
    row = people.Membership(person=login, organisation=organisation, added_at=act.at)
    people.add_membership(session, row, act)
    return _link(session, login, act)


def new_link(session: Session, platform: Platform, actor: Actor, login: str) -> str:
    """Let somebody start anew who lost the password; the secret of a one-time link.

    The old password, every session and every earlier link stop working at once.
    """
    check(actor, "add", _PERSON)
    _enabled(session, login)
    act = Act(actor.label, "give sign-in link", platform.clock())
    people.set_password(session, login, None, act)
    _close_doors(session, login, act)
    return _link(session, login, act)


def shut_out(session: Session, platform: Platform, actor: Actor, login: str) -> None:
    """Let a person in no more: sessions, links and tokens stop working at once.

    Raises NotFound, or Conflict for oneself: somebody must be left who can undo it.
    """
    check(actor, "add", _PERSON)
    _enabled(session, login)
    if login == actor.person:
        raise Conflict("you cannot shut yourself out; another operator can")
    act = Act(actor.label, "shut person out", platform.clock())
    people.set_disabled(session, login, act.at, act)
    _close_doors(session, login, act)


def let_in(session: Session, platform: Platform, actor: Actor, login: str) -> str:
    """Undo `shut_out`, with a fresh start as by `new_link`. Raises NotFound or Conflict."""
    check(actor, "add", _PERSON)
    row = _person(session, login)
    if row.disabled_at is None:
        raise Conflict(f"{login} may sign in already")
    people.set_disabled(session, login, None, Act(actor.label, "let person in", platform.clock()))
    return new_link(session, platform, actor, login)


def first_operator(session: Session, platform: Platform) -> str | None:
    """The secret of a link for the operator as long as nobody could sign in for it, else None.

    Makes the operator's organisation and its first person; whoever loses the link gets another
    at the next start. Raises Unavailable when the operator's name belongs to another role.
    """
    name = platform.settings.operator
    act = Act("server", "first start", platform.clock())
    found = parties.organisation(session, name)
    if found is None:
        parties.add_organisation(
            session,
            parties.Organisation(name=name, role="operator", owner_group=name, created_at=act.at),
            act,
        )
    elif found.role != "operator":
        raise Unavailable(f"{name} is no operator: name another organisation by ASSAY_OPERATOR")
    staff = people.members(session, name)
    if any(person.password is not None and person.disabled_at is None for person in staff):
        return None
    operator = Actor(name, "operator")
    waiting = [person.login for person in staff if person.disabled_at is None]
    if waiting:
        return new_link(session, platform, operator, waiting[0])
    return add(session, platform, operator, name, "Operator", name)


def members(session: Session, actor: Actor) -> list[Member]:
    """Everybody, by login, for the operator."""
    check(actor, "read", _PERSON)
    acting = defaultdict(list)
    for row in people.memberships(session):
        acting[row.person].append(row.organisation)
    return [
        Member(
            login=row.login,
            name=row.name,
            organisations=tuple(acting[row.login]),
            has_password=row.password is not None,
            disabled=row.disabled_at is not None,
        )
        for row in people.people(session)
    ]


def organisations_of(session: Session, login: str) -> list[Actor]:
    """Whom a person may act for, as actors."""
    return [Actor(row.name, row.role, login) for row in people.organisations(session, login)]


def _person(session: Session, login: str) -> people.Person:
    if not _LOGIN.fullmatch(login):
        # No database need be asked for what it might not even hold.
        raise NotFound("nobody can have that login")
    row = people.person(session, login)
    if row is None:
        raise NotFound(f"nobody has the login {login}")
    return row


def _enabled(session: Session, login: str) -> None:
    if _person(session, login).disabled_at is not None:
        raise NotFound(f"nobody has the login {login}")


def _close_doors(session: Session, login: str, act: Act) -> None:
    people.end_sessions_of(session, login, act)
    people.drop_links_of(session, login, act)


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
