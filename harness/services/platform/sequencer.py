"""The sequencer: gives every due statement its place in the log and signs the new head.

The log is append-only. Sequencers wait for each other, as all write transactions do: the second
finds nothing left to do. Its head moves by compare-and-swap nevertheless, and never over a log
that is older than its copy beside the database.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from harness.errors import IntegrityError
from harness.records import log
from harness.records.base import Act
from harness.services.platform import logcopy
from harness.services.platform.opening import Platform
from harness.tlog import checkpoint, tree
from harness.tlog.errors import CheckpointError

_SERVER: Final = "server"
_APART: Final = (
    "the stored log does not match its signed head; restore the database from a backup that does"
)


def append_due(session: Session, platform: Platform) -> int:
    """Append every due statement and sign the new head; how many were appended.

    Raises IntegrityError when the stored leaves do not match the signed head, or lack what was
    signed before: a log must never be signed over a changed or forgotten past.
    """
    due = log.due(session, platform.clock())
    if not due:
        return 0
    hashes = list(log.leaf_hashes(session))
    _check_head(session, platform, hashes)
    # Nobody else writes meanwhile, so the copy cannot run ahead of what is read here.
    logcopy.check(session, logcopy.tail(logcopy.place(platform.settings)))
    for statement in due:
        statement.index = len(hashes)
        hashes.append(statement.leaf_hash)
    note = checkpoint.sign(
        platform.settings.log_origin,
        len(hashes),
        tree.root(hashes),
        platform.log_key.private_bytes_raw(),
    )
    act = Act(_SERVER, "append to log", platform.clock())
    if not log.advance(session, len(hashes) - len(due), len(hashes), note, act):
        raise IntegrityError("the log moved while it was being extended")
    return len(due)


def check_log(session: Session, platform: Platform) -> int:
    """Recompute the tree and compare it with the signed head; the log's size."""
    hashes = list(log.leaf_hashes(session))
    _check_head(session, platform, hashes)
    return len(hashes)


def check_head(session: Session, platform: Platform) -> None:
    """The quick look: the head is ours and as long as the log. Raises IntegrityError."""
    head = log.head(session)
    newest = [item.index for item in log.newest(session, 1)]
    size = 0 if head is None else _signed(platform, head.note).size
    if newest != ([size - 1] if size else []):
        raise IntegrityError(_APART)


def _check_head(session: Session, platform: Platform, hashes: list[bytes]) -> None:
    head = log.head(session)
    if head is None:
        if hashes:
            raise IntegrityError("the log has leaves but no signed head")
        return
    if not vouches(platform, head.note, hashes):
        raise IntegrityError(_APART)


def vouches(platform: Platform, note: str, hashes: Sequence[bytes]) -> bool:
    """Whether a head that this log signed is the one of exactly these leaves.

    Raises IntegrityError for a head that this log did not sign.
    """
    signed = _signed(platform, note)
    return signed.size == len(hashes) and signed.root == tree.root(hashes)


def _signed(platform: Platform, note: str) -> checkpoint.TreeHead:
    try:
        return checkpoint.verify(
            note,
            platform.settings.log_origin,
            platform.log_key.public_key().public_bytes_raw(),
        )
    except CheckpointError:
        raise IntegrityError(
            "the log's head was not signed by this log key under this origin: keys and database "
            "belong together, and so does ASSAY_LOG_ORIGIN"
        ) from None
