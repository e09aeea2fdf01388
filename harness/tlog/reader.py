"""Strict reading of JSON and base64, written for the verifier alone.

It shares no code with what produces documents, so that one bug cannot make both wrong in the
same way. Messages name the place by field names of the format and never quote what was read.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import NoReturn

from harness.tlog.errors import ReadError

MAX_INTEGER = 2**53 - 1
_MAX_DIGITS = 17
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_THOUSANDTHS = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{3}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")


def to_base64(data: bytes) -> str:
    """Encode with the standard alphabet and padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """Decode the one standard encoding of some bytes; any other raises ReadError."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ReadError("base64 is malformed") from None
    # Unused bits of the last character would let one value be written in several ways.
    if to_base64(data) != text:
        raise ReadError("base64 is not in its one standard form")
    return data


def canonical(value: object) -> bytes:
    """Encode as RFC 8785, for values without fractions and with ASCII keys only."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def load(data: bytes, max_bytes: int) -> object:
    """Decode JSON without duplicate keys, fractions, huge integers or lone surrogates.

    Raises ReadError.
    """
    if len(data) > max_bytes:
        raise ReadError("is too large")
    try:
        value: object = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_refuse,
            parse_constant=_refuse,
        )
        # An escaped half of a surrogate pair parses, but is no text.
        json.dumps(value, ensure_ascii=False).encode()
    except ReadError:
        raise
    except (ValueError, RecursionError):
        raise ReadError("is not plain JSON") from None
    return value


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON value and the place where it stands, read one typed step at a time.

    Every method raises ReadError when the value has another form.
    """

    value: object
    place: str

    def __getitem__(self, name: str) -> "Node":
        """Step into a field of an object."""
        fields = self._mapping()
        if name not in fields:
            self.fail(f"lacks the field {name}")
        return Node(fields[name], f"{self.place}.{name}")

    def fail(self, problem: str) -> NoReturn:
        """Raise ReadError about this place."""
        raise ReadError(f"{self.place} {problem}")

    def exactly(self, *names: str) -> "Node":
        """Check that an object has these fields and no other; give it back."""
        if self._mapping().keys() != set(names):
            self.fail("has missing or unknown fields")
        return self

    def text(self, *, max_length: int = 100_000) -> str:
        """Read a string."""
        if not isinstance(self.value, str) or len(self.value) > max_length:
            self.fail("is not a string of a sensible length")
        return self.value

    def integer(self, lo: int = 0, hi: int = MAX_INTEGER) -> int:
        """Read an integer within bounds; true and false are not integers."""
        if type(self.value) is not int or not lo <= self.value <= hi:
            self.fail("is not an integer within its bounds")
        return self.value

    def flag(self) -> bool:
        """Read true or false."""
        if not isinstance(self.value, bool):
            self.fail("is neither true nor false")
        return self.value

    def digest(self) -> str:
        """Read `sha256:` and 64 lower-case hexadecimal digits."""
        text = self.text()
        if not _DIGEST.fullmatch(text):
            self.fail("is not a SHA-256 digest")
        return text

    def bytes(self) -> bytes:
        """Read base64 in its one standard form."""
        try:
            return from_base64(self.text(max_length=64 * 1024 * 1024))
        except ReadError:
            self.fail("is not base64 in its one standard form")

    def time(self) -> datetime:
        """Read an RFC 3339 time in UTC, written with Z."""
        text = self.text()
        if not _TIME.fullmatch(text):
            self.fail("is not a time in UTC")
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("is not a time in UTC")

    def thousandths(self) -> Fraction:
        """Read a decimal string with exactly three decimals."""
        text = self.text()
        if not _THOUSANDTHS.fullmatch(text) or text == "-0.000":
            self.fail("is not a decimal with three decimals")
        return Fraction(text)

    def is_null(self) -> bool:
        """Tell whether this is JSON's null."""
        return self.value is None

    def items(self, max_length: int = 10_000) -> list["Node"]:
        """Read an array."""
        if not isinstance(self.value, list) or len(self.value) > max_length:
            self.fail("is not an array of a sensible length")
        return [Node(item, f"{self.place}[{n}]") for n, item in enumerate(self.value)]

    def keys(self) -> Iterator[str]:
        """Read the field names of an object whose names the document itself chooses."""
        return iter(self._mapping())

    def _mapping(self) -> dict[str, object]:
        if not isinstance(self.value, dict):
            self.fail("is not an object")
        return self.value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ReadError("has the same key twice")
    return result


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS or abs(int(text)) > MAX_INTEGER:
        raise ReadError("has an integer beyond 2**53 - 1")
    return int(text)


def _refuse(_: str) -> NoReturn:
    raise ReadError("has a number that is not an integer")
