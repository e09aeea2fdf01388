"""A backup of the embedded default: one file with the database, the keys and their digests.

A tar archive whose first member, `manifest.json`, names every other by its SHA-256. It holds the
keys and whatever the database does: it is as secret as the data folder.
"""

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from harness.config import Settings
from harness.errors import Conflict, InvalidInput
from harness.records import copies
from harness.records.database import Database
from harness.services.platform import outbox, sequencer
from harness.services.platform.opening import Platform
from harness.services.platform.version import VERSION

SCHEMA: Final = "assay.backup/1"
DATABASE: Final = "assay.sqlite3"
_MANIFEST: Final = "manifest.json"
_TRUST_ROOT: Final = "trust-root.json"
_KEYS: Final = ("keys/statement.pem", "keys/log.key", "keys/vault.key")
_FILES: Final = (DATABASE, *_KEYS, _TRUST_ROOT)
_CHUNK: Final = 1 << 20
_LONGEST_MANIFEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Saved:
    """What a backup holds: the log's size and the moment, RFC 3339."""

    log_size: int
    made_at: str


def check_embedded(settings: Settings) -> None:
    """Raise Conflict unless the database is the data folder's own."""
    if settings.database_url:
        raise Conflict(
            "ASSAY_DATABASE_URL names a database of its own: back it up by its own means "
            f"(`pg_dump` for PostgreSQL), and {settings.keys_dir} together with it"
        )


def save(platform: Platform, target: Path) -> Saved:
    """Write a backup while others go on, as a whole or not at all.

    Raises Conflict when `target` exists, and IntegrityError when the log in the copy does not
    match its head: a backup that could not be restored is none.
    """
    check_embedded(platform.settings)
    if target.exists():
        raise Conflict(f"{target} exists already; a backup is never overwritten")
    if not target.absolute().parent.is_dir():
        raise InvalidInput(f"{target.parent}: no such folder")
    # Beside the target: what is made there can be renamed, and is on the disk that has space.
    with tempfile.TemporaryDirectory(prefix=".assay-backup-", dir=target.absolute().parent) as name:
        folder = Path(name)
        copies.copy(platform.database, folder / DATABASE)
        saved = Saved(log_size(platform, folder), outbox.timestamp(platform.clock()))
        (folder / "keys").mkdir(mode=0o700)
        for key in _KEYS:
            (folder / key).write_bytes((platform.settings.data_dir / key).read_bytes())
        (folder / _TRUST_ROOT).write_bytes(platform.trust_root)
        whole = folder / "whole"
        with _new(whole) as stream:
            _write(stream, folder, saved)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            # Unlike a rename, this refuses a file that somebody else has made meanwhile.
            target.hardlink_to(whole)
        except FileExistsError:
            raise Conflict(f"{target} exists already; a backup is never overwritten") from None
    return saved


def log_size(platform: Platform, folder: Path) -> int:
    """Recompute the log of a copied database. Raises IntegrityError when it is not whole."""
    database = Database(f"sqlite:///{folder / DATABASE}")
    try:
        with database.read() as session:
            return sequencer.check_log(session, replace(platform, database=database))
    finally:
        database.close()


def unpack(source: Path, folder: Path) -> Saved:
    """Write a backup's files into an empty folder. Raises InvalidInput for a damaged one."""
    try:
        with tarfile.open(source, "r:") as archive:
            return _unpack(archive, folder)
    except FileNotFoundError:
        raise InvalidInput(f"{source}: no such file") from None
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError):
        raise InvalidInput(f"{source}: no backup, or a damaged one; nothing was restored") from None


def _new(path: Path) -> io.BufferedWriter:
    """A file that nobody else may read and that was not there."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _write(stream: io.BufferedWriter, folder: Path, saved: Saved) -> None:
    manifest = {
        "schema": SCHEMA,
        "version": VERSION,
        "made_at": saved.made_at,
        "log_size": saved.log_size,
        "files": {name: _digest(folder / name) for name in _FILES},
    }
    content = json.dumps(manifest, indent=2).encode()
    with tarfile.open(fileobj=stream, mode="w:", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(_member(_MANIFEST, len(content)), io.BytesIO(content))
        for name in _FILES:
            path = folder / name
            with path.open("rb") as part:
                archive.addfile(_member(name, path.stat().st_size), part)


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def _unpack(archive: tarfile.TarFile, folder: Path) -> Saved:
    members = iter(archive)
    manifest = json.loads(_first(archive, members))
    digests = dict(manifest["files"])
    if manifest["schema"] != SCHEMA or set(digests) != set(_FILES):
        raise ValueError
    (folder / "keys").mkdir(mode=0o700)
    for member in members:
        # Only names that we know are ever written, each of them once.
        expected = digests.pop(member.name)
        path = folder / member.name
        with _new(path) as made:
            for part in _content(archive, member):
                made.write(part)
            made.flush()
            os.fsync(made.fileno())
        if _digest(path) != expected:
            raise ValueError
    if digests:
        raise ValueError
    return Saved(int(manifest["log_size"]), str(manifest["made_at"]))


def _first(archive: tarfile.TarFile, members: Iterator[tarfile.TarInfo]) -> bytes:
    member = next(members, None)
    if member is None or member.name != _MANIFEST or member.size > _LONGEST_MANIFEST:
        raise ValueError
    return b"".join(_content(archive, member))


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    stream = archive.extractfile(member) if member.isreg() else None
    if stream is None:
        raise ValueError
    while part := stream.read(_CHUNK):
        yield part
