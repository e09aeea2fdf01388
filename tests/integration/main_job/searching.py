"""Searching folders for a canary, in every form that software of ours or others may give it."""

import base64
import json
import mmap
import secrets
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote_from_bytes

_LETTERS = "αβγδεζηθικλμνξοπρστυφχψω"
_LENGTH = 24


def new_canary() -> str:
    """Random letters that no escape, encoding or digest leaves as they are."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def forms(text: str) -> dict[str, tuple[bytes, ...]]:
    """What a text may look like inside a file. Half a canary is enough to be found."""
    half = len(text) // 2
    halves = (text[:half], text[half:])
    plain = tuple(part.encode() for part in halves)
    escaped = tuple(json.dumps(part)[1:-1].encode() for part in halves)
    return {
        "as it is": plain,
        "JSON-escaped": escaped,
        "hexadecimal": tuple(part.hex().encode() for part in plain),
        "hexadecimal, upper case": tuple(part.hex().upper().encode() for part in plain),
        "as Python shows it": tuple(repr(part)[2:-1].encode() for part in plain),
        "percent-encoded": tuple(quote_from_bytes(part).encode() for part in plain),
        "UTF-16": tuple(part.encode("utf-16-le") for part in halves),
        "base64": _base64(plain),
        "base64 of JSON": _base64(escaped),
        "base64, twice": _base64(_base64(plain)),
        "base64 of JSON, twice": _base64(_base64(escaped)),
    }


def find(folders: Mapping[str, tuple[Path, float]], text: str) -> list[str]:
    """Where a text rests: `<place>: <path>` of each file that holds any form of it.

    A place is a folder and the time before which its files do not count.
    """
    needles = [needle for group in forms(text).values() for needle in group]
    return [
        f"{place}: {path.relative_to(folder)}"
        for place, (folder, since) in folders.items()
        for path in _files(folder, since)
        if _holds(path, needles)
    ]


def _base64(parts: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The middle of each part's base64, for each of three places where it may begin."""
    found = []
    for part in parts:
        for shift in range(3):
            whole = base64.b64encode(bytes(shift) + part)
            found.append(whole[4 : len(whole) - 4])
    return tuple(found)


def _files(folder: Path, since: float) -> Iterator[Path]:
    """Regular files, changed since; what vanishes meanwhile rests nowhere."""
    try:
        entries = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    for path in entries:
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        # The view of a running container: its files lie in layers that are looked at.
        if stat.S_ISDIR(found.st_mode) and path.name != "merged":
            yield from _files(path, since)
        elif stat.S_ISREG(found.st_mode) and found.st_size and found.st_ctime >= since:
            yield path


def _holds(path: Path, needles: list[bytes]) -> bool:
    try:
        with (
            path.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            return any(content.find(needle) >= 0 for needle in needles)
    except (FileNotFoundError, ValueError):  # gone, or emptied
        return False
