"""Files that a container of ours sends over its socket, read as if a suite had sent them. Pure.

The form is told in `evals/bytecode.py`. What the paths may be is the caller's rule.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from sandbox.errors import ImageRefused, PlatformFault

_LONGEST_HEAD = 8192
_REFUSALS = {
    "pip": "wheels: pip refused them inside the container",
    "there": "wheels: a file is already in the image that they extend",
}
_FIELDS = {"path", "size", "executable"}


@dataclass(frozen=True, slots=True)
class Frame:
    """One file in what was said: where its content starts, and its length in bytes."""

    path: str
    at: int
    size: int
    executable: bool


def frames(said: IO[bytes], length: int) -> Iterator[Frame]:
    """Read the heads of all files in `length` bytes.

    Raises ImageRefused when the container refused to send any, and PlatformFault
    `frames_invalid` for anything else but whole frames and their number.
    """
    count = at = 0
    while True:
        said.seek(at)
        line = said.readline(_LONGEST_HEAD)
        head = _head(line)
        at += len(line)
        if head.keys() == {"refused"} and not count and str(head["refused"]) in _REFUSALS:
            raise ImageRefused((_REFUSALS[str(head["refused"])],))
        if head.keys() == {"frames"}:
            if head["frames"] != count or isinstance(head["frames"], bool) or at != length:
                raise PlatformFault("frames_invalid")
            return
        frame = _frame(head, at)
        at += frame.size
        if at > length:
            raise PlatformFault("frames_invalid")
        yield frame
        count += 1


def content(said: IO[bytes], frame: Frame) -> bytes:
    """The content of one file."""
    said.seek(frame.at)
    return said.read(frame.size)


def _head(line: bytes) -> dict[str, object]:
    head: object = None
    if line.endswith(b"\n"):
        try:
            head = json.loads(line)
        except (ValueError, RecursionError):
            head = None
    if not isinstance(head, dict):
        raise PlatformFault("frames_invalid")
    return head


def _frame(head: dict[str, object], at: int) -> Frame:
    path, size, executable = head.get("path"), head.get("size"), head.get("executable")
    whole = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    if head.keys() != _FIELDS or not isinstance(path, str) or not isinstance(executable, bool):
        raise PlatformFault("frames_invalid")
    if not whole or not isinstance(size, int):
        raise PlatformFault("frames_invalid")
    return Frame(path, at, size, executable)
