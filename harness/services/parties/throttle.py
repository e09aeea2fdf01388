"""Throttling: so many attempts in a window of time, counted in the database of all processes."""

import ipaddress
import math
from dataclasses import dataclass
from typing import Final, TypeAlias

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


Count: TypeAlias = tuple[Limit, str]
"""A limit, and whose attempts are counted against it."""

# For one login from one place, so that a stranger elsewhere cannot keep its owner out; from
# anywhere, so that many places are of little use; from one place for any login.
LOGIN: Final = Limit("login", 10, 900)
LOGIN_ANYWHERE: Final = Limit("login anywhere", 100, 900)
LOGIN_SOURCE: Final = Limit("login source", 50, 900)
PASSWORD: Final = Limit("password", 10, 900)
TOKEN_SOURCE: Final = Limit("token source", 100, 600)
_SITE_BITS: Final = 64


def attempt(platform: Platform, *counts: Count) -> None:
    """Count one attempt against all of these, in a transaction of its own.

    Raises TooManyAttempts when one is at its limit; then none is counted.
    """
    now = platform.clock()
    with platform.database.write() as session:
        for limit, who in counts:
            subject = _subject(limit, who)
            row = requests.attempts(session, subject, lock=True)
            if row is None or now >= row.since + limit.window_s:
                requests.start_attempts(session, subject, now)
                continue
            _refuse_beyond(limit, row, now)
            requests.count_attempt(session, subject)


def check(platform: Platform, limit: Limit, who: str) -> None:
    """Raise TooManyAttempts when the limit is reached already; counts nothing."""
    now = platform.clock()
    with platform.database.read() as session:
        row = requests.attempts(session, _subject(limit, who))
    if row is not None and now < row.since + limit.window_s:
        _refuse_beyond(limit, row, now)


def give_back(platform: Platform, *counts: Count) -> None:
    """Take back an attempt that turned out right; those before it still count."""
    with platform.database.write() as session:
        for limit, who in counts:
            requests.uncount_attempt(session, _subject(limit, who))


def network(source: str) -> str:
    """What stands for an address: itself, of IPv6 the site's /64, in which it is free to move."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source
    if isinstance(address, ipaddress.IPv4Address):
        return source
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), _SITE_BITS), strict=False))


def _refuse_beyond(limit: Limit, row: requests.Attempts, now: float) -> None:
    if row.count >= limit.count:
        raise TooManyAttempts(max(1, math.ceil(row.since + limit.window_s - now)))


def _subject(limit: Limit, who: str) -> str:
    # A digest: what somebody typed into a login field may be a password.
    return digest(f"{limit.name}\n{who}")
