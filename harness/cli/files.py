"""What commands read and write: plain files, written as a whole or not at all, and keys.

Nothing here opens a database, so that a party can sign and verify on a machine of its own.
"""

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.documents import packed
from harness.documents import signatures as documents
from harness.documents.signer import KeyInvalid, PrivateKey
from harness.errors import Conflict, InvalidInput

KeyFile = Annotated[
    Path, typer.Option("--key", help="Private key of the organisation (PEM).", metavar="FILE")
]
OptionalKey = Annotated[
    Path | None,
    typer.Option("--key", help="Private key of the organisation (PEM).", metavar="FILE"),
]
Signatures = Annotated[
    Path | None,
    typer.Option("--signatures", help="File that `assay sign` wrote elsewhere.", metavar="FILE"),
]

SECRET_MODE = 0o600
PUBLIC_MODE = 0o644


def read(path: Path) -> bytes:
    """A file's bytes; `-` is standard input. Raises InvalidInput."""
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from None


def read_suite(folder: Path) -> dict[str, bytes]:
    """Files of an author's folder. Raises InvalidInput when it is no suite."""
    if not (folder / "suite.yaml").is_file():
        raise InvalidInput(f"{folder}: no suite.yaml there")
    files = {}
    total = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.startswith(".") or "/." in name or path.is_dir():
            continue
        if path.is_symlink() or not path.is_file():
            raise InvalidInput(f"{name}: only plain files may be in a suite")
        total += path.stat().st_size
        if total > packed.MAX_BYTES:
            raise InvalidInput(f"{folder}: more than {packed.MAX_BYTES // 2**20} MiB")
        files[name] = path.read_bytes()
    return files


def write(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write a file as a whole or not at all, with the user's usual mode or this one.

    Raises InvalidInput.
    """
    target = path.resolve()
    partial = target.with_name(target.name + ".partial")
    _make_folder(target.parent)
    try:
        # A device would be replaced by a file, not written to.
        if target.exists() and not target.is_file():
            raise InvalidInput(f"{path}: exists and is no plain file")
        _remove(partial)
        wanted = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(partial, wanted, 0o666 if mode is None else mode), "wb") as stream:
            stream.write(content)
        partial.replace(target)
    except OSError as error:
        _remove(partial)
        raise InvalidInput(f"{path}: {error.strerror}") from None


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a file that must not exist yet. Raises Conflict when it does, and InvalidInput."""
    _make_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise Conflict(f"{path} exists already; a key is never overwritten") from None
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        _remove(path)
        raise InvalidInput(f"{path}: {error.strerror}") from None


def private_key(path: Path) -> PrivateKey:
    """A party's key. Raises InvalidInput."""
    try:
        return PrivateKey.from_pem(read(path))
    except KeyInvalid as error:
        raise InvalidInput(f"{path}: {error}") from None


def one_of(key: Path | None, signed: Path | None) -> None:
    """Raise InvalidInput unless there is either a key or a file of signatures."""
    if (key is None) == (signed is None):
        raise InvalidInput("give either --key or --signatures")


def signatures(path: Path | None, *names: str) -> tuple[bytes, ...]:
    """The envelopes of these names in a file of signatures. Raises InvalidInput."""
    return documents.read(b"" if path is None else read(path), *names)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"{folder}: {error.strerror}") from None


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
