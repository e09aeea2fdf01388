"""Canonical JSON (RFC 8785) of the values a document may hold.

Allowed: objects with string keys, arrays, strings, integers up to 2**53 - 1 in size, booleans
and null. Fractional figures are decimal strings: no float ever enters a document, because two
programs may print one float in two ways. Reading is as strict as writing: bytes that are not
their own canonical form are refused, so one document has exactly one encoding.
"""

import hashlib
import json
import re
from typing import NoReturn

import rfc8785

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_DIGITS = len(str(MAX_INTEGER)) + 1


class CanonicalError(ValueError):
    """A value or its bytes are outside canonical JSON. The message is constant."""


def dumps(value: object) -> bytes:
    """Encode `value` as RFC 8785 bytes.

    Raises CanonicalError for floats, foreign types, non-string keys, integers beyond 2**53 - 1,
    lone surrogates and nesting deeper than 32.
    """
    _check(value, 0)
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # _check has narrowed it
    except (rfc8785.CanonicalizationError, UnicodeError):
        raise CanonicalError("the value holds text that is not valid Unicode") from None


def loads(data: bytes, max_bytes: int = MAX_BYTES) -> object:
    """Decode bytes that must equal their own canonical form.

    Raises CanonicalError for invalid UTF-8 or JSON, duplicate keys, floats, NaN, integers beyond
    2**53 - 1, nesting deeper than 32, more than `max_bytes`, and any other encoding of the value.
    """
    if len(data) > max_bytes:
        raise CanonicalError("the document is too large")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise CanonicalError("the document is not UTF-8") from None
    _check_depth(text)
    try:
        value: object = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_integer,
        )
    except json.JSONDecodeError:
        raise CanonicalError("the document is not JSON") from None
    if dumps(value) != data:
        raise CanonicalError("the document is not in canonical form")
    return value


def digest(data: bytes) -> str:
    """Name bytes by their SHA-256: `sha256:` and 64 lower-case hexadecimal digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _check(value: object, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise CanonicalError("the document is nested too deeply")
    # Exact types: a subclass could print itself in its own way.
    if value is None or type(value) in (str, bool):
        return
    if type(value) is int:
        if abs(value) > MAX_INTEGER:
            raise CanonicalError("an integer is outside the range that JSON keeps exactly")
    elif type(value) is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise CanonicalError("an object's key is not a string")
            _check(item, depth + 1)
    elif type(value) in (list, tuple):
        for item in value:  # type: ignore[attr-defined]  # one of the two lines above
            _check(item, depth + 1)
    else:
        raise CanonicalError("a value is neither object, array, string, integer, boolean nor null")


def _check_depth(text: str) -> None:
    # Before the parser runs: its own answer to deep nesting is a RecursionError.
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise CanonicalError("the document is nested too deeply")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise CanonicalError("an object has the same key twice")
    return result


def _no_float(_: str) -> NoReturn:
    raise CanonicalError("a number is not an integer")


def _integer(text: str) -> int:
    # Python refuses to convert very long digit strings with a message that quotes them.
    if len(text) > _DIGITS:
        raise CanonicalError("an integer is outside the range that JSON keeps exactly")
    return int(text)
