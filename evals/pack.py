"""A suite as one deterministic archive, and the SHA-256 digest that names it.

The archive is a POSIX ustar file (IEEE Std 1003.1-1990) of regular files only, sorted by name,
every field that depends on a machine or a moment fixed. So the same files give the same bytes
anywhere, and any other way to write them is refused.
"""

import hashlib
import re
from collections.abc import Mapping

MAX_BYTES = 64 * 1024 * 1024
MAX_FILES = 1024
MAX_NAME = 100

_BLOCK = 512
_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_NAME = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*\Z")


class PackError(ValueError):
    """The files cannot be packed, or the archive is not one of ours. The message is constant."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """Write the archive of files by relative name. Raises PackError for an unsafe name."""
    _check_names(files)
    parts: list[bytes] = []
    for name in sorted(files):
        content = files[name]
        parts += [_header(name, len(content)), content, bytes(-len(content) % _BLOCK)]
    return b"".join([*parts, bytes(2 * _BLOCK)])


def digest(archive: bytes) -> str:
    """Name an archive: `sha256:` and 64 hexadecimal digits."""
    return "sha256:" + hashlib.sha256(archive).hexdigest()


def unpack(
    archive: bytes, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES
) -> dict[str, bytes]:
    """Read an archive that `pack` could have written, and no other.

    `max_bytes` caps the whole archive. Raises PackError.
    """
    if len(archive) > max_bytes:
        raise PackError("archive too large")
    files: dict[str, bytes] = {}
    offset = 0
    while archive[offset : offset + 1] not in (b"", b"\0"):
        if len(files) == max_files:
            raise PackError("too many files")
        name, size = _read_header(archive[offset : offset + _BLOCK])
        start = offset + _BLOCK
        files[name] = archive[start : start + size]
        offset = start + size + -size % _BLOCK
    # Links, other owners, padding, order, duplicates: whatever is unusual fails here.
    if pack(files) != archive:
        raise PackError("not a canonical archive")
    return files


def _check_names(files: Mapping[str, bytes]) -> None:
    for name in files:
        if len(name) > MAX_NAME or not _NAME.match(name):
            raise PackError("unsafe file name")
        parts = name.split("/")
        if any("/".join(parts[:depth]) in files for depth in range(1, len(parts))):
            raise PackError("a file is also a folder")


def _header(name: str, size: int) -> bytes:
    before = name.encode().ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2
    before += b"%011o\0" % size + b"00000000000\0"
    after = b"0" + bytes(100) + b"ustar\x0000" + bytes(247)
    checksum = sum(before) + sum(after) + 8 * ord(" ")
    return before + b"%06o\0 " % checksum + after


def _read_header(block: bytes) -> tuple[str, int]:
    name, size = block[:100].rstrip(b"\0"), block[124:135]
    if not name.isascii() or not re.fullmatch(rb"[0-7]{11}", size):
        raise PackError("not a canonical archive")
    return name.decode("ascii"), int(size, 8)
