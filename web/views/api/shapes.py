"""Shapes that several parts of the API share: identifiers, pages of a list, problems."""

import base64
import binascii
import json
import math
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from harness.errors import InvalidInput
from harness.paging import Cursor, Window

Item = TypeVar("Item")

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


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("one line of printable characters")
    return value


Line = Annotated[str, Field(max_length=300), AfterValidator(_one_line)]


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


def window(
    limit: Annotated[int, Query(ge=1, le=200, description="Rows on a page.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=300, description="`next` of the page before.")
    ] = None,
) -> Window:
    """Which part of a list is asked for."""
    return Window(limit, None if cursor is None else to_cursor(cursor))


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
