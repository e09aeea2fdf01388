"""Idempotency keys: a request that is sent again gets the reply it got, and has no second effect.

The reply is kept in the transaction of the effect, so that there is never one without the other.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy.orm import Session

from harness.errors import InvalidInput
from harness.records import requests
from harness.services.access import Actor
from harness.services.platform.opening import Platform

LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Request:
    """A request as its key names it; `content` is everything that would change its effect."""

    key: str
    content: bytes

    @property
    def digest(self) -> str:
        """Tells a repetition from another request under the same key."""
        return hashlib.sha256(self.content).hexdigest()


def earlier(session: Session, actor: Actor, request: Request) -> tuple[int, bytes] | None:
    """Status and body of the reply to this very request. Raises InvalidInput for another one."""
    if not 0 < len(request.key) <= LONGEST_KEY or not request.key.isprintable():
        raise InvalidInput(f"Idempotency-Key: 1 to {LONGEST_KEY} printable characters")
    row = requests.reply(session, _scope(actor), request.key)
    if row is None:
        return None
    if row.request != request.digest:
        raise InvalidInput("Idempotency-Key: was used for another request; choose a new one")
    return row.status, row.body


def keep(
    session: Session, platform: Platform, actor: Actor, request: Request, status: int, body: bytes
) -> None:
    """Keep the reply of this transaction."""
    requests.keep_reply(
        session,
        requests.Reply(
            scope=_scope(actor),
            key=request.key,
            request=request.digest,
            status=status,
            body=body,
            at=platform.clock(),
        ),
    )


def _scope(actor: Actor) -> str:
    # With what the token allows: one that may only read gets no reply to a change.
    scopes = "+".join(sorted(actor.scopes))
    return f"{actor.organisation}/{actor.person or ''}/{scopes}"
