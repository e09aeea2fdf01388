"""Passwords: argon2 hashes, checked in the same time whoever is asked about, and throttled."""

from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from harness.errors import Conflict, InvalidInput
from harness.records import people
from harness.records.base import Act
from harness.services.parties import throttle
from harness.services.parties.secrets import digest, new_secret
from harness.services.platform.opening import Platform

LEAST: Final = 12
MOST: Final = 256
_LEAST_VARIED: Final = 5
_hasher: Final = PasswordHash((Argon2Hasher(),))
# Checked where nobody has that login, so that an answer takes as long as for somebody.
_NOBODY: Final = _hasher.hash(new_secret())


def wrong() -> InvalidInput:
    """The one answer to a sign-in that fails, whatever is wrong about it."""
    return InvalidInput("login: login and password do not fit together")


def verify(platform: Platform, login: str, password: str, source: str) -> str:
    """Check a password; the hash it fits. Raises InvalidInput `wrong`, or TooManyAttempts.

    `source` is the network address that asks. Attempts are counted before anything is looked
    at, so that many at once count, too; those that succeed are given back.
    """
    place = throttle.network(source)
    counts = (
        (throttle.LOGIN_SOURCE, place),
        (throttle.LOGIN_ANYWHERE, login),
        (throttle.LOGIN, f"{login}\n{place}"),
    )
    throttle.attempt(platform, *counts)
    stored = _stored(platform, login)
    if not _fits(password, stored) or stored is None:
        raise wrong()
    throttle.give_back(platform, *counts)
    return stored


def change(platform: Platform, login: str, current: str, new: str, keep_session: str) -> None:
    """Set one's own password; every other session and every one-time link of the person ends.

    `current` is the present password, ignored where there is none yet. Raises InvalidInput,
    TooManyAttempts, or Conflict when it was changed by another browser meanwhile.
    """
    _check_new(login, new)
    throttle.attempt(platform, (throttle.PASSWORD, login))
    stored = _stored(platform, login)
    if stored is not None and not _fits(current, stored):
        raise InvalidInput("current: not your password")
    hashed = _hasher.hash(new)
    act = Act(login[:80], "set password", platform.clock())
    with platform.database.write() as session:
        row = people.person(session, login)
        if row is None or row.disabled_at is not None or row.password != stored:
            raise Conflict("the password was changed elsewhere meanwhile; sign in again")
        people.set_password(session, login, hashed, act)
        people.end_sessions_of(session, login, act, but=digest(keep_session))
        people.drop_links_of(session, login, act)
    throttle.give_back(platform, (throttle.PASSWORD, login))


def _stored(platform: Platform, login: str) -> str | None:
    """The hash of somebody who may sign in. No transaction is left open: hashing takes time."""
    with platform.database.read() as session:
        row = people.person(session, login)
        return None if row is None or row.disabled_at is not None else row.password


def _fits(password: str, stored: str | None) -> bool:
    # Both are always done. A longer one is cut for the time it would take, and never fits.
    right = _hasher.verify(password[:MOST], stored or _NOBODY)
    return right and len(password) <= MOST


def _check_new(login: str, password: str) -> None:
    if not LEAST <= len(password) <= MOST:
        raise InvalidInput(f"password: {LEAST} to {MOST} characters")
    if len(set(password)) < _LEAST_VARIED:
        raise InvalidInput(f"password: at least {_LEAST_VARIED} different characters")
    if password.casefold() in {login.casefold(), login.casefold() * 2}:
        raise InvalidInput("password: not your login")
