"""The public log: its signed head, its entries, and the proof of each.

Everybody may read it, so it shows nothing that a party could not know. A statement's bytes are
open once the protocol that it speaks of is registered; receipts and submissions of suites never
are. Of what is withheld only the leaf's hash and the digest of the signed bytes are shown, which
a nonce keeps from being guessed: not the leaf, whose key would tell who signed.
"""

import base64
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from harness.errors import IntegrityError, NotFound
from harness.paging import Cursor, Page, Window
from harness.records import log
from harness.services.access import Actor, Thing, check
from harness.services.platform.opening import Platform
from harness.tlog import tree

_OPEN: Final = frozenset(
    {"protocol-activation", "run-start", "run-end", "run-refund", "report", "log-restore"}
)
# Before both parties have agreed, that there is a proposal concerns nobody else.
_OPEN_ONCE_REGISTERED: Final = frozenset({"protocol-proposal", "protocol-approval"})


@dataclass(frozen=True, slots=True)
class Head:
    """The newest checkpoint. `root` is base64 as in the note, `trust_root` the digest to pin.

    `grew_at` is when the newest entry was due, in seconds since the epoch.
    """

    origin: str
    size: int
    root: str
    note: str
    trust_root: str
    grew_at: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One leaf in a list. `logged_at` is when it was due; hashes are hexadecimal."""

    index: int
    kind: str
    digest: str
    leaf_hash: str
    logged_at: float
    withheld: bool


@dataclass(frozen=True, slots=True)
class Proved:
    """One leaf with its proof under a checkpoint; nothing of a withheld statement.

    `envelope` is the DSSE envelope, `leaf` the leaf's body, both as their exact bytes; `proof`
    is the RFC 6962 path from the leaf to the checkpoint's root, the lowest sibling first.
    """

    entry: Entry
    envelope: bytes | None
    leaf: bytes | None
    proof: tuple[bytes, ...]
    checkpoint: str


def head(session: Session, platform: Platform, actor: Actor) -> Head | None:
    """The log's newest head; None while the log is empty."""
    check(actor, "read", Thing("log"))
    row = log.head(session)
    newest = log.newest(session, 1)
    if row is None or not newest:
        return None
    origin, _, root = row.note.split("\n")[:3]
    return Head(
        origin=origin,
        size=row.size,
        root=root,
        note=row.note,
        trust_root=platform.trust_root_digest,
        grew_at=_logged_at(newest[0]),
    )


def entries(session: Session, actor: Actor, window: Window) -> Page[Entry]:
    """One page of the log, newest first; a cursor's `at` is the last index of the page before."""
    check(actor, "read", Thing("log"))
    before = None if window.after is None else _index(session, window.after)
    rows = log.newest(session, window.limit + 1, before)
    shown = rows[: window.limit]
    registered = _registered(session, shown)
    found = [_entry(row, registered) for row in shown]
    more = len(rows) > window.limit
    return Page(found, Cursor(float(found[-1].index), "") if more else None)


def entry(session: Session, actor: Actor, index: int) -> Proved:
    """One entry and the proof that it stands in the log as it is now. Raises NotFound."""
    check(actor, "read", Thing("log"))
    newest = log.head(session)
    inside = newest is not None and 0 <= index < newest.size
    row = log.at_index(session, index) if inside else None
    if newest is None or row is None:
        raise NotFound(f"the log has no entry {index}")
    hashes = log.leaf_hashes(session)
    seen = _entry(row, _registered(session, [row]))
    return Proved(
        entry=seen,
        envelope=None if seen.withheld else row.envelope,
        leaf=None if seen.withheld else row.leaf,
        proof=tuple(tree.inclusion_proof(hashes, index)),
        checkpoint=newest.note,
    )


def envelope(session: Session, actor: Actor, digest: str) -> bytes:
    """The exact envelope of a logged statement, by the digest of its signed bytes.

    Raises NotFound, also for one that is withheld.
    """
    check(actor, "read", Thing("log"))
    row = log.by_digest(session, digest)
    if row is None or _entry(row, _registered(session, [row])).withheld:
        raise NotFound(f"the log shows no statement {digest}")
    return row.envelope


def proof(
    session: Session, actor: Actor, index: int, size: int | None
) -> tuple[int, tuple[bytes, ...]]:
    """The inclusion proof of a leaf in the tree of `size` leaves, by default the newest one.

    The size that was taken, and the RFC 6962 path, the lowest sibling first. Raises NotFound
    for a leaf or a tree that is not there.
    """
    check(actor, "read", Thing("log"))
    hashes = log.leaf_hashes(session)
    taken = len(hashes) if size is None else size
    if not 0 <= index < taken <= len(hashes):
        raise NotFound(f"the log has no entry {index} in a tree of {taken}")
    return taken, tuple(tree.inclusion_proof(hashes[:taken], index))


def to_base64(value: bytes) -> str:
    """Bytes as they stand in a bundle."""
    return base64.b64encode(value).decode()


def _index(session: Session, cursor: Cursor) -> int:
    # A cursor comes from outside and may name any number; a column holds 32 bits.
    newest = log.head(session)
    return max(0, min(int(cursor.at), newest.size if newest else 0))


def _registered(session: Session, rows: Collection[log.Statement]) -> set[str]:
    asked = {row.protocol for row in rows if row.kind in _OPEN_ONCE_REGISTERED and row.protocol}
    return log.activated(session, asked) if asked else set()


def _entry(row: log.Statement, registered: set[str]) -> Entry:
    if row.index is None:
        raise IntegrityError("a statement without an index is not in the log")
    is_open = row.kind in _OPEN or (
        row.kind in _OPEN_ONCE_REGISTERED and row.protocol in registered
    )
    return Entry(
        index=row.index,
        kind=row.kind,
        digest=row.pae_digest,
        leaf_hash=row.leaf_hash.hex(),
        logged_at=_logged_at(row),
        withheld=row.withheld or not is_open,
    )


def _logged_at(row: log.Statement) -> float:
    # When a run ended is not public: its statements are written then and held back for the slot.
    return max(row.created_at, row.not_before)
