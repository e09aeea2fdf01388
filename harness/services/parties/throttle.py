"""Throttling: so many attempts in a window of time, counted in the database of all processes."""

from dataclasses import dataclass
from typing import Final

from harness.errors import TooManyAttempts
from harness.records import requests
from harness.services.parties.secrets import digest
from harness.services.platform.opening import Platform


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` attempts in `window_s` seconds; `name` keeps counts apart."""

    name: str
    count: int
    window_s: int


LOGIN: Final = Limit("login", 10, 900)
LOGIN_SOURCE: Final = Limit("login source", 50, 900)
TOKEN_SOURCE: Final = Limit("token source", 100, 600)


def attempt(platform: Platform, limit: Limit, who: str) -> None:
    """Count an attempt, in a transaction of its own. Raises TooManyAttempts beyond the limit."""
    subject = _subject(limit, who)
    now = platform.clock()
    with platform.database.write() as session:
        row = requests.attempts(session, subject, lock=True)
        if row is None or now >= row.since + limit.window_s:
            requests.start_attempts(session, subject, now)
            return
        if row.count >= limit.count:
            raise TooManyAttempts(max(1, int(row.since + limit.window_s - now)))
        requests.count_attempt(session, subject)


def check(platform: Platform, limit: Limit, who: str) -> None:
    """Raise TooManyAttempts when the limit is reached already; counts nothing."""
    now = platform.clock()
    with platform.database.read() as session:
        row = requests.attempts(session, _subject(limit, who))
    if row is not None and now < row.since + limit.window_s and row.count >= limit.count:
        raise TooManyAttempts(max(1, int(row.since + limit.window_s - now)))


def forget(platform: Platform, limit: Limit, who: str) -> None:
    """Start from nothing, after a success."""
    with platform.database.write() as session:
        requests.forget_attempts(session, _subject(limit, who))


def _subject(limit: Limit, who: str) -> str:
    # A digest: what somebody typed into a login field may be a password.
    return digest(f"{limit.name}\n{who}")
