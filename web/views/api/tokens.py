"""`/api/v1/tokens`, `/api/v1/sign-in`: how programs get in, and how they are shut out.

Replies with a secret are not kept for an idempotency key: of a token only a digest is stored.
"""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from harness.paging import Cursor, cut
from harness.services.parties import passwords, programs, tokens
from web.auth import Program
from web.dependencies import AtDesk, Source
from web.views.api.posting import changed
from web.views.api.shapes import Asked, Body, Line, Listing, TokenId, to_text

router = APIRouter(tags=["tokens"])

Scopes = Annotated[
    list[Literal["read", "write"]],
    Field(min_length=1, max_length=2, description="`read`, or `read` and `write`."),
]
Days = Annotated[int, Field(ge=1, le=tokens.MOST_DAYS, description="Days until it expires.")]


class Token(BaseModel):
    """A token of yours, without its secret."""

    id: str
    name: str
    organisation: str
    scopes: list[str]
    created_at: float
    expires_at: float


class IssuedToken(Token):
    """A new token. `secret` is shown once, here."""

    secret: str


class NewToken(Body):
    """A token for the organisation that you act for; it allows no more than your own."""

    name: Annotated[Line, Field(description="What it is for.")]
    scopes: Scopes
    days: Days = 30


class SignIn(NewToken):
    """Login and password of a person; `organisation` where they act for several."""

    login: Line
    password: Annotated[
        str, Field(max_length=passwords.MOST, json_schema_extra={"writeOnly": True})
    ]
    organisation: Line | None = None


@router.get("/tokens")
def list_tokens(at: AtDesk, actor: Program, asked: Asked) -> Listing[Token]:
    """Your tokens that work, newest first."""
    with at.platform.database.read() as session:
        own = tokens.own(session, at.platform, actor)
    found = cut(own, lambda row: Cursor(row.created_at, row.id), asked)
    items = [Token.model_validate(row, from_attributes=True) for row in found.rows]
    return Listing(items=items, next=to_text(found.next))


@router.post("/tokens", status_code=201)
def add_token(at: AtDesk, actor: Program, body: NewToken) -> IssuedToken:
    """Make another token of your own."""
    return _issued(
        *changed(
            at,
            lambda session: tokens.issue(
                session, at.platform, actor, body.name, list(body.scopes), body.days
            ),
        )
    )


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(at: AtDesk, actor: Program, token_id: TokenId) -> None:
    """End one of your tokens, perhaps the one that you use."""
    changed(at, lambda session: tokens.revoke(session, at.platform, actor, token_id))


@router.post("/sign-in", status_code=201)
def sign_in(at: AtDesk, source: Source, body: SignIn) -> IssuedToken:
    """Get a token by login and password. Too many attempts are refused for a while."""
    return _issued(
        *programs.sign_in(
            at.platform,
            body.login,
            body.password,
            source,
            body.organisation,
            body.name,
            list(body.scopes),
            body.days,
        )
    )


def _issued(token: tokens.Token, secret: str) -> IssuedToken:
    shown = Token.model_validate(token, from_attributes=True)
    return IssuedToken(**shown.model_dump(), secret=secret)
