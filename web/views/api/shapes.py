"""Shapes that several parts of the API share: identifiers, pages of a list, problems."""

import base64
import binascii
import json
import math
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from harness.errors import InvalidInput
from harness.paging import Cursor, Window

Item = TypeVar("Item")

# What a column of the database can count to.
MOST_LEAVES: Final = 2**31 - 1

RunId = Annotated[str, Path(pattern=r"^[0-9a-f]{1,16}$", description="Run id or its beginning.")]
ProtocolId = Annotated[
    str, Path(pattern=r"^p[0-9a-f]{0,31}$", description="Protocol id or its beginning.")
]
SuiteDigest = Annotated[
    str,
    Path(
        pattern=r"^(sha256:)?[0-9a-f]{1,64}$",
        description="Digest of a suite, or the first digits of it.",
    ),
]
DraftId = Annotated[str, Path(pattern=r"^p[0-9a-f]{1,31}$", description="Whole id of a draft.")]
ModelName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$", description="Its name.")]
Login = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9._+@-]{1,119}$", description="Login of a person.")
]
TokenId = Annotated[str, Path(pattern=r"^[0-9a-f]{1,16}$", description="Whole id of a token.")]
StatementDigest = Annotated[
    str, Path(pattern=r"^sha256:[0-9a-f]{64}$", description="Digest of the signed bytes.")
]
LogIndex = Annotated[int, Path(ge=0, le=MOST_LEAVES, description="Index of an entry, from 0.")]


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("one line of printable characters")
    return value


Line = Annotated[str, Field(max_length=300), AfterValidator(_one_line)]
Base64 = Annotated[
    str,
    Field(
        pattern="^[A-Za-z0-9+/]+={0,2}$",
        description="Exact bytes in base64 (RFC 4648, section 4).",
        json_schema_extra={"contentEncoding": "base64"},
    ),
]


def exact(description: str, media_type: str = "application/json") -> dict[int | str, Any]:
    """How the OpenAPI document describes a reply of exact bytes."""
    schema = {"type": "object"} if media_type == "application/json" else {"type": "string"}
    return {200: {"description": description, "content": {media_type: {"schema": schema}}}}


class Body(BaseModel):
    """What is sent: unknown fields are refused, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


def from_base64(field: str, text: str) -> bytes:
    """Decode exact bytes. Raises InvalidInput."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"{field}: not base64") from None


class Listing(BaseModel, Generic[Item]):
    """One page of a list; `next` is the cursor of the page after it, null on the last."""

    items: list[Item]
    next: str | None


def to_text(cursor: Cursor | None) -> str | None:
    """A cursor as it stands in a reply or a link."""
    if cursor is None:
        return None
    plain = json.dumps([cursor.at, cursor.id]).encode()
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def to_cursor(text: str) -> Cursor:
    """A cursor as a request gives it back. Raises InvalidInput."""
    padded = text + "=" * (-len(text) % 4)
    try:
        at, row_id = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        fits = isinstance(row_id, str) and row_id.isprintable() and math.isfinite(at)
    except (ValueError, TypeError, RecursionError, OverflowError):
        fits = False
    if not fits:
        raise InvalidInput("cursor: not one of ours; begin without it")
    return Cursor(float(at), row_id)


class Parameters(BaseModel):
    """What stands behind the question mark: a misspelt name is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class _Part(Parameters):
    limit: Annotated[int, Field(ge=1, le=200, description="Rows on a page.")] = 50
    cursor: Annotated[
        str | None, Field(max_length=300, description="`next` of the page before.")
    ] = None


async def window(part: Annotated[_Part, Query()]) -> Window:
    """Which part of a list is asked for."""
    return Window(part.limit, None if part.cursor is None else to_cursor(part.cursor))


Asked = Annotated[Window, Depends(window)]

PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
