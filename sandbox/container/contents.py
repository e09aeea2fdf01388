"""What an image says it holds, in labels that the build wrote: flavour, packages, wheels. Pure.

The labels of an imported image are whoever's made it: they are read as plain names, versions and
hashes, or not at all.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evals.manifest import FLAVOURS
from sandbox.container import labels

BASE = "base"

_LOCK = re.compile(r"[0-9a-f]{64}")
_MOST = 2000
_LONGEST = 1024 * 1024
# Debian Policy 5.6.7 and 5.6.12; PEP 503 and PEP 440 with a wheel's SHA-256 after a space.
_DEBIAN = re.compile(r"[a-z0-9][a-z0-9+.-]{1,99}"), re.compile(r"[0-9][A-Za-z0-9.+:~-]{0,99}")
_WHEEL = (
    re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?"),
    re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]{0,98} [0-9a-f]{64}"),
)


@dataclass(frozen=True, slots=True)
class Contents:
    """`packages` are Debian's versions by name; `wheels` a version and a SHA-256 by name.

    `lock` is the SHA-256 of the lock of a suite's own wheels, in hexadecimal; empty without any.
    """

    flavour: str
    packages: Mapping[str, str]
    wheels: Mapping[str, str]
    lock: str


def read(carried: Mapping[str, Any]) -> tuple[Contents, tuple[str, ...]]:
    """Read an image's labels, and find every label that says something else than it should."""
    problems = []
    flavour = carried.get(labels.FLAVOUR, BASE)
    if flavour not in FLAVOURS:
        flavour = BASE
        problems.append(f"{labels.FLAVOUR} is none of {', '.join(FLAVOURS)}")
    packages = _mapping(carried.get(labels.PACKAGES, "{}"), *_DEBIAN)
    if packages is None:
        problems.append(f"{labels.PACKAGES} is no list of Debian packages and versions")
    wheels = _mapping(carried.get(labels.WHEELS, "{}"), *_WHEEL)
    if wheels is None:
        problems.append(f"{labels.WHEELS} is no list of wheels, versions and hashes")
    lock = carried.get(labels.LOCK, "")
    if not isinstance(lock, str) or (lock and not _LOCK.fullmatch(lock)):
        lock = ""
        problems.append(f"{labels.LOCK} is no SHA-256 in hexadecimal")
    return Contents(flavour, packages or {}, wheels or {}, lock), tuple(problems)


def _mapping(
    text: object, name: re.Pattern[str], value: re.Pattern[str]
) -> Mapping[str, str] | None:
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or len(found) > _MOST:
        return None
    if not all(
        isinstance(said, str) and name.fullmatch(key) and value.fullmatch(said)
        for key, said in found.items()
    ):
        return None
    return found
