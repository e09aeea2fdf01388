"""Packed suites: made from an author's files, and opened again; the same on every machine."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from evals import manifest, pack
from harness.documents import authoring
from harness.errors import InvalidInput

MAX_BYTES: Final = 64 * 1024 * 1024
MANIFEST: Final = "suite.json"


def build(files: Mapping[str, bytes]) -> bytes:
    """Compile and pack an author's files. Raises InvalidInput with file, line and field."""
    try:
        return pack.pack(authoring.compile_suite(files))
    except authoring.AuthoringError as error:
        raise InvalidInput(str(item) for item in error.problems) from None
    except pack.PackError as error:
        raise InvalidInput(f"suite: {error}") from None


def open_archive(archive: bytes) -> tuple[manifest.Manifest, dict[str, bytes]]:
    """Unpack and parse a packed suite. Raises InvalidInput with every problem."""
    try:
        files = pack.unpack(archive, max_bytes=MAX_BYTES)
    except pack.PackError as error:
        raise InvalidInput(f"suite archive: {error}") from None
    if MANIFEST not in files:
        raise InvalidInput("suite archive: no suite.json in it; make it with `assay suite pack`")
    try:
        parsed = manifest.parse(files[MANIFEST])
    except manifest.ManifestError as error:
        raise InvalidInput(
            f"{MANIFEST}: {item.path}: {item.message}" for item in error.problems
        ) from None
    problems = list(_data_problems(parsed, files))
    if problems:
        raise InvalidInput(problems)
    return parsed, files


def _data_problems(parsed: manifest.Manifest, files: Mapping[str, bytes]) -> Iterator[str]:
    """Data files that are missing, changed or undeclared: the guest would refuse them later."""
    declared = {item.file: item.sha256 for item in parsed.data}
    if parsed.program is not None:
        declared[parsed.program.file] = parsed.program.sha256
    if parsed.runtime.lock is not None:
        declared[parsed.runtime.lock.file] = parsed.runtime.lock.sha256
    for name, sha256 in declared.items():
        if name not in files:
            yield f"{name}: is missing from the archive"
        elif hashlib.sha256(files[name]).hexdigest() != sha256:
            yield f"{name}: its digest is not the one in {MANIFEST}; pack the suite again"
    for name in sorted(files.keys() - declared.keys() - {MANIFEST}):
        yield f"{name}: is not declared in {MANIFEST}"
