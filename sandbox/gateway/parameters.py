"""Sampling parameters as both parties signed them: put in when absent, refused when different.

Pure. `FALSE` and `TRUE` of the one yes-or-no parameter are agreed as the integers 0 and 1, since
signed documents know no other way to say it.
"""

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple

from sandbox.gateway.grant import GrantInvalid
from sandbox.spec import Exact, Range

Value = bool | int | float | str | list[str]

_DECIMAL = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,12})?")


class _Kind(Enum):
    NUMBER = auto()
    INTEGER = auto()
    FLAG = auto()
    WORD = auto()
    WORDS = auto()


KINDS: Mapping[str, _Kind] = {
    "temperature": _Kind.NUMBER,
    "top_p": _Kind.NUMBER,
    "top_k": _Kind.INTEGER,
    "min_p": _Kind.NUMBER,
    "presence_penalty": _Kind.NUMBER,
    "frequency_penalty": _Kind.NUMBER,
    "repetition_penalty": _Kind.NUMBER,
    "max_tokens": _Kind.INTEGER,
    "max_completion_tokens": _Kind.INTEGER,
    "n": _Kind.INTEGER,
    "seed": _Kind.INTEGER,
    "stop": _Kind.WORDS,
    "logprobs": _Kind.FLAG,
    "top_logprobs": _Kind.INTEGER,
    "reasoning_effort": _Kind.WORD,
    "verbosity": _Kind.WORD,
}
_AT_LEAST_ONE = {"max_tokens", "max_completion_tokens", "n"}


class Fixed(NamedTuple):
    """One agreed value."""

    name: str
    value: Value

    def settle(self, given: Value | None) -> Value | None:
        """Return the value in force, or None when `given` breaks the agreement."""
        if isinstance(given, str) and isinstance(self.value, list):
            given = [given]
        return self.value if given is None or given == self.value else None


class Bounded(NamedTuple):
    """Agreed bounds, both included."""

    name: str
    low: int | float
    high: int | float
    default: int | float

    def settle(self, given: Value | None) -> Value | None:
        """Return the value in force, or None when `given` breaks the agreement."""
        if given is None:
            return self.default
        if isinstance(given, str | list) or not self.low <= given <= self.high:
            return None
        return given


Rule = Fixed | Bounded


def compile_rules(parameters: Mapping[str, Exact | Range]) -> tuple[Rule, ...]:
    """Turn agreed parameters into rules. Raises GrantInvalid for what cannot be enforced."""
    return tuple(_rule(name, agreed) for name, agreed in sorted(parameters.items()))


def _rule(name: str, agreed: Exact | Range) -> Rule:
    kind = KINDS.get(name)
    if kind is None:
        raise GrantInvalid("parameter")
    if isinstance(agreed, Exact):
        value = _exact(kind, agreed.value)
        rule: Rule = Fixed(name, value)
        least: Value = value
    else:
        bounded = _bounded(name, kind, agreed)
        rule, least = bounded, bounded.low
    if name in _AT_LEAST_ONE and (not isinstance(least, int) or least < 1):
        raise GrantInvalid("parameter")
    return rule


def _bounded(name: str, kind: _Kind, agreed: Range) -> Bounded:
    if kind not in {_Kind.NUMBER, _Kind.INTEGER}:
        raise GrantInvalid("parameter")
    low, high, default = (
        _number(kind, text) for text in (agreed.minimum, agreed.maximum, agreed.default)
    )
    if not low <= default <= high:
        raise GrantInvalid("parameter")
    return Bounded(name, low, high, default)


def _exact(kind: _Kind, value: int | str | tuple[str, ...]) -> Value:
    if kind is _Kind.WORDS and not isinstance(value, int):
        return [value] if isinstance(value, str) else list(value)
    if kind is _Kind.WORD and isinstance(value, str):
        return value
    if kind is _Kind.FLAG and value in {0, 1}:
        return bool(value)
    if kind in {_Kind.NUMBER, _Kind.INTEGER} and isinstance(value, int | str):
        return _number(kind, str(value))
    raise GrantInvalid("parameter")


def _number(kind: _Kind, text: str) -> int | float:
    if not _DECIMAL.fullmatch(text) or (kind is _Kind.INTEGER and "." in text):
        raise GrantInvalid("parameter")
    return float(text) if "." in text else int(text)
