"""What a list says of the agreement behind each of its rows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from harness.documents import protocol as protocol_document
from harness.documents.fields import instant
from harness.errors import IntegrityError
from harness.records import protocols
from harness.services.publication.recent import Recent, read_once


@dataclass(frozen=True, slots=True)
class Agreed:
    """One agreement in a few words. `runs` is the agreed maximum of unrefunded runs.

    `suite` is its name and version; `window_end`, when the last run must have ended, is seconds
    since the epoch.
    """

    protocol: str
    title: str
    auditor: str
    vendor: str
    model: str
    snapshot: str
    primary: str
    runs: int
    suite: str
    window_end: float


# By the digest of a protocol's bytes, which say all of it.
_memory: Final[Recent[str, Agreed]] = Recent(2048)


def signed(session: Session, digests: Collection[str]) -> Mapping[str, Agreed]:
    """The agreements with these bytes, by digest: one query for all that are not known yet.

    Raises IntegrityError when one of them is not stored.
    """
    return read_once(session, _memory, digests, _read)


def agreed(session: Session, ids: Collection[str]) -> Mapping[str, Agreed]:
    """The agreements with these protocol ids: two queries at most, however many there are.

    Raises IntegrityError when one of them is not stored.
    """
    digests = protocols.digests(session, ids)
    if len(digests) != len(set(ids)):
        raise IntegrityError("a run without a protocol")
    found = signed(session, set(digests.values()))
    return {name: found[digest] for name, digest in digests.items()}


def _read(_digest: str, body: bytes) -> Agreed:
    protocol = protocol_document.parse(body)
    return Agreed(
        protocol=protocol.identity.id,
        title=protocol.identity.title,
        auditor=protocol.parties.auditor.organisation,
        vendor=protocol.parties.vendor.organisation,
        model=protocol.system.model,
        snapshot=protocol.system.snapshot,
        primary=protocol.analysis.primary,
        runs=protocol.budget.runs,
        suite=f"{protocol.suite.id} {protocol.suite.version}",
        window_end=instant(protocol.budget.window.end).timestamp(),
    )
