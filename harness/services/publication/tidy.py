"""Forgetting what has served its time: sessions, links, replies, counts, drafts and kept sums."""

from typing import Final

from harness.records import drafts, kept, people, requests
from harness.services.agreements.drafts import KEPT_S as DRAFT_S
from harness.services.platform.opening import Platform

_REPLY_S: Final = 24 * 3600


def tidy(platform: Platform) -> None:
    """Remove what has expired; safe in any number of processes at once."""
    now = platform.clock()
    with platform.database.write() as session:
        kept.drop_before(session, now)
        people.drop_expired(session, now)
        requests.drop_before(session, now - _REPLY_S)
        drafts.drop_before(session, now - DRAFT_S)
