"""Locks of wheels: one version and at least one SHA-256 hash for each package. Pure.

The form is pip's, "Requirements File Format", less everything that could bring in more than it
names: options, addresses, paths, ranges, markers. Reasons name the line, and the package only
where its name is one by PEP 508.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# The Python of the base image, for which a lock is made.
MADE_FOR = "Python 3.11 on Linux x86-64"

_MOST_BYTES = 2 * 1024 * 1024
_MOST_PINS = 1000

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"
_REQUIREMENT = re.compile(
    rf"(?P<name>{_NAME})\s*(?:\[[A-Za-z0-9._,\s-]*\])?\s*(?P<rest>[^\s@].*)?", re.DOTALL
)
_PINNED = re.compile(r"==\s*(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]{0,98})")
_HASH = re.compile(r"sha256:(?P<hexed>[0-9a-f]{64})")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_OPTIONS = (
    *("-c", "-e", "-f", "-i", "-r", "--constraint", "--editable", "--extra-index-url"),
    *("--find-links", "--index-url", "--no-binary", "--no-index", "--only-binary", "--pre"),
    *("--prefer-binary", "--require-hashes", "--requirement", "--trusted-host"),
)


@dataclass(frozen=True, slots=True)
class Pin:
    """One package: its name as in an index, its version, its wheels' hashes in hexadecimal."""

    name: str
    version: str
    hashes: frozenset[str]

    @property
    def line(self) -> str:
        """The package in a lock's own form, on one line."""
        hashes = " ".join(f"--hash=sha256:{one}" for one in sorted(self.hashes))
        return f"{self.name}=={self.version} {hashes}"


@dataclass(frozen=True, slots=True)
class Lock:
    """What a lock says, ordered by name, and every reason to refuse it; none is good."""

    pins: tuple[Pin, ...]
    problems: tuple[str, ...]


def normal(name: str) -> str:
    """Write a package's name as an index does (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def text_of(pins: tuple[Pin, ...]) -> str:
    """Write pins as a lock: equal for equal pins, whatever file they came from."""
    return "".join(f"{pin.line}\n" for pin in pins)


def read(text: str) -> Lock:
    """Read a lock and find every reason to refuse it."""
    if len(text) > _MOST_BYTES:
        return Lock((), (f"lock: longer than {_MOST_BYTES} characters",))
    pins: dict[str, Pin] = {}
    problems: list[str] = []
    for number, line in _lines(text):
        pin, reasons = _requirement(line)
        problems.extend(f"lock line {number}{reason}" for reason in reasons)
        if pin is None:
            continue
        if pin.name in pins:
            problems.append(f"lock line {number} ({pin.name}): named a second time")
        pins.setdefault(pin.name, pin)
    if len(pins) > _MOST_PINS:
        problems.append(f"lock: more than {_MOST_PINS} packages")
    if not pins and not problems:
        problems.append("lock: names no package")
    return Lock(tuple(pins[name] for name in sorted(pins)), tuple(problems))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines as pip joins them: a backslash goes on, a comment does not."""
    whole, first = "", 0
    for number, raw in enumerate([*text.splitlines(), ""], start=1):
        first = first or number
        goes_on = raw.endswith("\\")
        whole += _COMMENT.sub("", raw.removesuffix("\\")) + " "
        if not goes_on:
            if whole.strip():
                yield first, whole.strip()
            whole, first = "", 0


def _requirement(line: str) -> tuple[Pin | None, list[str]]:
    if line.startswith("-"):
        option = re.split(r"[=\s]", line, maxsplit=1)[0]
        shown = option if option in _OPTIONS else "an option"
        return None, [f": {shown}; a lock names packages and their hashes only"]
    wanted, *options = re.split(r"\s+(?=--)", line)
    wanted, semicolon, _ = (part.strip() for part in wanted.partition(";"))
    match = _REQUIREMENT.fullmatch(wanted)
    if (
        match is None
        or "://" in wanted
        or "@" in wanted
        or wanted.endswith((".whl", ".gz", ".zip"))
    ):
        return None, [": an address, a path or no requirement; write name==version"]
    name = normal(match["name"])
    reasons = []
    pinned = _PINNED.fullmatch((match["rest"] or "").strip())
    if pinned is None:
        reasons.append("not pinned to one version; write name==version")
    if semicolon:
        reasons.append(f"a marker; lock for {MADE_FOR}")
    hashes = {_hash(option) for option in options}
    if None in hashes:
        reasons.append("an option that is no --hash=sha256:… with 64 hexadecimal digits")
    if not hashes:
        reasons.append("no --hash=sha256:…")
    found = frozenset(one for one in hashes if one)
    pin = Pin(name, pinned["version"], found) if pinned and found else None
    return pin, [f" ({name}): {reason}" for reason in reasons]


def _hash(option: str) -> str | None:
    key, _, value = option.strip().partition("=")
    match = _HASH.fullmatch(value.strip())
    return match["hexed"] if match and key == "--hash" else None
