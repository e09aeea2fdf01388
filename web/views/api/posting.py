"""How the API changes something: in one transaction, once for each idempotency key."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from harness.services.access import Actor
from harness.services.parties import repeats
from web.auth import Program
from web.dependencies import AtDesk, Desk

Result = TypeVar("Result")

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Any text of your own; the same request under the same key has one effect.",
        max_length=repeats.LONGEST_KEY,
    ),
]


@dataclass(frozen=True, slots=True)
class Post:
    """A change that a program asks for."""

    desk: Desk
    actor: Actor
    path: str
    key: str | None

    def once(
        self, content: bytes, change: Callable[[Any], BaseModel], status: int = 201
    ) -> Response:
        """Make a change in a transaction and answer with what it returns.

        `content` is all that the effect depends on. A request that was seen before under the
        same key is answered as it was then, and changes nothing.
        """
        request = (
            None
            if self.key is None
            else repeats.Request(self.key, b"\n".join((self.path.encode(), content)))
        )
        with self.desk.platform.database.write() as session:
            if request is not None:
                before = repeats.earlier(session, self.actor, request)
                if before is not None:
                    return _json(*before)
            body = change(session).model_dump_json().encode()
            if request is not None:
                repeats.keep(session, self.desk.platform, self.actor, request, status, body)
        self.desk.settle()
        return _json(status, body)


def changed(desk: Desk, change: Callable[[Any], Result]) -> Result:
    """Make a change whose reply carries a secret: it is kept nowhere, so there is no key."""
    with desk.platform.database.write() as session:
        result = change(session)
    desk.settle()
    return result


async def post(request: Request, at: AtDesk, actor: Program, key: Key = None) -> Post:
    """The change that this request asks for."""
    return Post(at, actor, request.url.path, key)


Posting = Annotated[Post, Depends(post)]


def _json(status: int, body: bytes) -> Response:
    return Response(body, status, media_type="application/json")
