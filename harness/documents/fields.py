"""The kinds of value that documents are made of, and how each field documents itself."""

import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from harness.documents.canonical import MAX_INTEGER

# Directional formatting can make a signer read another sentence than the bytes hold.
_DIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


class Seen(StrEnum):
    """Who may read a field, apart from the parties that sign it."""

    PUBLIC = "public at registration"
    EMBARGO = "public when the embargo ends"


class Part(BaseModel):
    """A part of a document: exact types, no unknown field, no default, never changed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


def doc(text: str, *, unit: str = "", seen: Seen = Seen.EMBARGO, **limits: Any) -> Any:
    """Describe a field: meaning, unit, who may read it, and limits in pydantic's words."""
    extra: dict[str, Any] = {"x-seen": seen.value}
    if unit:
        extra["x-unit"] = unit
    return Field(description=text, json_schema_extra=extra, **limits)


def instant(text: str) -> datetime:
    """Read an RFC 3339 time in UTC with whole seconds. Raises ValueError."""
    return datetime.strptime(text, _INSTANT).replace(tzinfo=UTC)


def instant_text(when: datetime) -> str:
    """Write an aware time as RFC 3339 in UTC; fractions of a second are dropped."""
    return when.astimezone(UTC).strftime(_INSTANT)


def _readable(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "must not be blank")
    for char in text:
        control = unicodedata.category(char) == "Cc" and char != "\n"
        if control or char in _DIRECTIONAL:
            raise PydanticCustomError("control", "must not hold control or direction characters")
    return text


def _one_line(text: str) -> str:
    if "\n" in text:
        raise PydanticCustomError("line", "must be one line")
    return _readable(text)


def _real_instant(text: str) -> str:
    try:
        instant(text)
    except ValueError:
        raise PydanticCustomError("instant", "is not a time that exists") from None
    return text


def distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse a list that holds a value twice (for use as a validator)."""
    if len(set(values)) != len(values):
        raise PydanticCustomError("distinct", "must not hold the same value twice")
    return values


DIGEST = r"^sha256:[0-9a-f]{64}$"
DECIMAL = r"^(0|-?[1-9][0-9]{0,17}|-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18})$"

Digest: TypeAlias = Annotated[str, Field(pattern=DIGEST)]
Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
CellId: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}(\.[a-z][a-z0-9_]{0,31})?$")
]
RunId: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-z][0-9a-z_-]{0,63}$")]
Decimal: TypeAlias = Annotated[str, Field(pattern=DECIMAL)]
Alphabet: TypeAlias = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,2000}$")]
Bits: TypeAlias = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?$")]
# Above zero, without zeros at its end: one amount, one text.
Amount: TypeAlias = Annotated[
    str, Field(pattern=r"^([1-9][0-9]{0,11}(\.[0-9]{0,5}[1-9])?|0\.[0-9]{0,5}[1-9])$")
]
Line: TypeAlias = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_one_line)]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=8000), AfterValidator(_readable)]
Instant: TypeAlias = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"),
    AfterValidator(_real_instant),
]
Count: TypeAlias = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Positive: TypeAlias = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
Integer: TypeAlias = Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Names: TypeAlias = Annotated[tuple[Name, ...], Field(max_length=64), AfterValidator(distinct)]
Lines: TypeAlias = Annotated[tuple[Line, ...], Field(max_length=64), AfterValidator(distinct)]
