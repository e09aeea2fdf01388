"""The copy of the log beside the database: what was signed is not forgotten with it.

A database can be restored from yesterday, and its log with it; bits that were charged since
would be free again, and the next head would fork the log. So every entry is also appended to a
file outside the database, one JSON line each, with a line for the signed head after each batch.
It is durable before a model can be called (`runs.claim`), and no head is signed, and no process
starts, over a database that lacks an entry of it.

A host copies what it finds: each has a file of its own, and each is enough to notice a restore.
"""

import base64
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from sqlalchemy.orm import Session

from harness.config import Settings
from harness.documents import envelope
from harness.errors import IntegrityError, Unavailable
from harness.records import ledger, log
from harness.records.database import Database
from harness.tlog import leaf, tree

NAME: Final = "log.copy"
REBUILD: Final = "assay ledger rebuild"
_LOOK: Final = 64 * 1024
_BATCH: Final = 1000
_COLUMNS: Final = ("kind", "protocol", "run", "organisation", "withheld", "not_before")


@dataclass(frozen=True, slots=True)
class Tail:
    """The newest head of a copy: the log's size, its signed note, the last entry's leaf hash."""

    size: int = 0
    note: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Copied:
    """One entry as it was copied; `account` is auditor, owner group and model of a charge."""

    statement: log.Statement
    account: tuple[str, str, str] | None


def place(settings: Settings) -> Path:
    """The file, beside the keys unless a setting names another."""
    return Path(settings.log_copy) if settings.log_copy else settings.keys_dir / NAME


def tail(path: Path) -> Tail | None:
    """The newest head of the copy; None when there is no file. Raises Unavailable."""
    try:
        with path.open("rb") as stream:
            return _tail(stream)[0]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(f"{path}: the log's copy cannot be read: {error.strerror}") from None


def check(session: Session, newest: Tail | None) -> None:
    """Raise IntegrityError unless the database goes on from the copy.

    `newest` must have been read before the session saw the database.
    """
    head = log.head(session)
    size = 0 if head is None else head.size
    if newest is None:
        if size:
            raise IntegrityError(
                "the log's copy is missing, which tells a restored database from a current one: "
                "put it back beside the keys; only where it is lost, `assay db upgrade` begins "
                "another from the database as it is"
            )
        return
    if size < newest.size:
        raise IntegrityError(
            f"the database is older than what this server has signed: its log has {size} "
            f"entries, {newest.size} were signed. Bits that were spent since would be free "
            "again. Stop every process of Assay and restore a newer database, or run "
            f"`{REBUILD}`, which takes the missing entries from the log's copy"
        )
    if newest.size and not _holds(session, newest):
        raise IntegrityError(
            f"the database's log is another one than this server has signed (entry "
            f"{newest.size - 1} differs): use the database that belongs to these keys"
        )


def begin(path: Path, database: Database) -> None:
    """Make the file from the log as it is now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    keep(path, database)


def keep(path: Path, database: Database) -> None:
    """Copy every entry that the copy lacks; it is on the disk when this returns.

    Raises IntegrityError as `check` does, and Unavailable when the file cannot be written.
    """
    try:
        with _locked(path) as stream:
            newest, end = _tail(stream)
            with database.read() as session:
                check(session, newest)
                head = log.head(session)
                if head is None or head.size == newest.size:
                    return
                rows = log.since(session, newest.size)[: head.size - newest.size]
                stream.seek(end)
                stream.truncate()
                for first in range(0, len(rows), _BATCH):
                    part = rows[first : first + _BATCH]
                    charges = ledger.charges(session, [row.run for row in part if row.run])
                    for row in part:
                        stream.write(_line(_entry(row, charges.get(row.run or ""))))
                last = rows[-1].leaf_hash.hex()
                stream.write(_line({"size": head.size, "note": head.note, "last": last}))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise Unavailable(f"{path}: the log cannot be copied: {error.strerror}") from None


def entries(path: Path, size: int) -> Iterator[Copied]:
    """The entries from index `size` to the newest head. Raises IntegrityError for a damaged one."""
    with path.open("rb") as stream:
        _, end = _tail(stream)
        stream.seek(0)
        try:
            while stream.tell() < end:
                value = json.loads(stream.readline())
                if "index" in value and value["index"] >= size:
                    yield _copied(value)
        except (ValueError, KeyError, TypeError):
            raise IntegrityError(f"{path}: the log's copy is damaged") from None


def leaf_hash(path: Path, index: int) -> str:
    """The leaf hash of one entry of the copy, in hexadecimal; empty when it has none there."""
    found = next(entries(path, index), None)
    return found.statement.leaf_hash.hex() if found else ""


def _holds(session: Session, newest: Tail) -> bool:
    row = log.at_index(session, newest.size - 1)
    return row is not None and row.leaf_hash.hex() == newest.last


def _entry(row: log.Statement, charge: ledger.LedgerEntry | None) -> dict[str, Any]:
    value: dict[str, Any] = {name: getattr(row, name) for name in _COLUMNS}
    value |= {
        "index": row.index,
        "created_at": row.created_at,
        "envelope": base64.b64encode(row.envelope).decode(),
        "verifier": base64.b64encode(row.verifier).decode(),
    }
    if charge is not None and row.kind == "run-start":
        value["account"] = [charge.auditor, charge.owner_group, charge.model]
    return value


def _copied(value: dict[str, Any]) -> Copied:
    sealed = base64.b64decode(value["envelope"], validate=True)
    verifier = base64.b64decode(value["verifier"], validate=True)
    read = envelope.parse(sealed)
    # Made anew from what was signed: the tree's root then speaks for the envelopes as well.
    body = leaf.body(hashlib.sha256(read.pae).digest(), read.signature, verifier)
    statement = log.Statement(
        pae_digest=read.pae_digest,
        envelope=sealed,
        verifier=verifier,
        leaf=body,
        leaf_hash=tree.leaf_hash(body),
        index=value["index"],
        created_at=value["created_at"],
        **{name: value[name] for name in _COLUMNS},
    )
    account = value.get("account")
    return Copied(statement, tuple(account) if account else None)


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """The file, for this process alone."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    with os.fdopen(descriptor, "r+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream


def _tail(stream: BinaryIO) -> tuple[Tail, int]:
    """The newest whole head and where its line ends; a batch that was cut off does not count."""
    length = stream.seek(0, os.SEEK_END)
    reach = _LOOK
    while True:
        start = max(0, length - reach)
        stream.seek(start)
        lines = stream.read(length - start).split(b"\n")
        end = length - len(lines.pop())
        # The first line may have begun before the piece that was read.
        for line in reversed(lines if start == 0 else lines[1:]):
            found = _head(line)
            if found is not None:
                return found, end
            end -= len(line) + 1
        if start == 0:
            return Tail(), 0
        reach *= 4


def _head(line: bytes) -> Tail | None:
    try:
        value = json.loads(line)
        return Tail(value["size"], value["note"], value["last"])
    except (ValueError, KeyError, TypeError):
        return None
