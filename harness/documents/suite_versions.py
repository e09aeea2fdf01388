"""What makes two samples the same, for suites that are compared with each other. Pure.

An author chooses ids, files, order and spelling, so none of them counts. Several looks are taken,
because a change that hides in one shows in another: at what the model is asked, as letters and
digits only; at that with answer and groups; at prompt, answer and groups in their own spelling but
for white space; and, where a program of the suite reads the rows, at everything in them but the id.
"""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal

from evals import wire
from evals.manifest import Manifest
from harness.documents.authoring import MAX_ROW_BYTES
from harness.documents.suite_rows import rows

Look = frozenset[bytes]
_DIGEST_BYTES = 16


def looks(parsed: Manifest, files: Mapping[str, bytes]) -> tuple[Look, ...]:
    """The suite's samples at each look; the rows must be without problems.

    A sample that stands there twice is two samples.
    """
    read = [_read(row.content) for row in rows(parsed, files)]
    fields = (parsed.fields.prompt, parsed.fields.target)
    parts = [
        [value.get(name) for name in fields] + [dict(sample.groups)]
        for value, sample in zip(read, parsed.samples, strict=True)
    ]
    found = [
        _counted(_letters(prompt) for prompt, *_ in parts),
        _counted(wire.canonical(_loose(part)) for part in parts),
        _counted(_plain(part) for part in parts),
    ]
    if parsed.program is not None:
        whole = ({k: v for k, v in value.items() if k != parsed.fields.id} for value in read)
        found.append(_counted(_plain(value) for value in whole))
    return tuple(found)


def differing(one: tuple[Look, ...], other: tuple[Look, ...]) -> tuple[int, ...]:
    """In how many samples two suites differ, at each look that both were taken at."""
    return tuple(len(a ^ b) for a, b in zip(one, other, strict=False))


def _read(content: bytes) -> dict[str, object]:
    value = wire.strict_json(content, MAX_ROW_BYTES)
    return value if isinstance(value, dict) else {}


def _letters(value: object) -> bytes:
    return wire.canonical(_loose(str(value)))


def _loose(value: object) -> object:
    """A value with letters and digits only, and each number written in one way."""
    if isinstance(value, dict):
        return {str(name): _loose(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_loose(item) for item in value]
    text = unicodedata.normalize("NFKC", str(value)).casefold()
    with suppress(ArithmeticError, ValueError):
        number = Decimal(text.strip())
        if number.is_finite():
            return str(number.normalize())
    return "".join(filter(str.isalnum, text))


def _plain(value: object) -> bytes:
    return wire.canonical(_spaced(value))


def _spaced(value: object) -> object:
    """A value with each text in one spelling: composed, visible, single-spaced."""
    if isinstance(value, str):
        seen = (c for c in unicodedata.normalize("NFKC", value) if _visible(c))
        return " ".join("".join(seen).split())
    if isinstance(value, dict):
        return {str(name): _spaced(item) for name, item in value.items()}
    return [_spaced(item) for item in value] if isinstance(value, list) else value


def _visible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character)[0] != "C"


def _counted(contents: Iterable[bytes]) -> Look:
    seen: Counter[bytes] = Counter()
    found = set()
    for content in contents:
        digest = hashlib.sha256(content).digest()[:_DIGEST_BYTES]
        found.add(digest + seen[digest].to_bytes(4, "big"))
        seen[digest] += 1
    return frozenset(found)
