"""Proposing and signing: every party signs the same bytes, and those bytes are kept."""

from sqlalchemy.orm import Session

from harness.documents import canonical
from harness.documents import protocol as protocol_document
from harness.documents.problems import DocumentInvalid
from harness.documents.protocol import Protocol
from harness.errors import Conflict, IntegrityError, InvalidInput, NotFound
from harness.paging import Page, Window
from harness.records import drafts, log, protocols
from harness.records.base import Act
from harness.services import states
from harness.services.access import Actor, Thing, check, narrowed, reach
from harness.services.agreements import admission
from harness.services.parties import statements
from harness.services.platform.opening import Platform


def propose(
    session: Session,
    platform: Platform,
    actor: Actor,
    body: bytes,
    proposal: bytes,
    approval: bytes,
) -> protocols.Protocol:
    """Take a protocol's bytes with its proposer's proposal and approval.

    Raises InvalidInput with every field that is wrong, before anything is stored.
    """
    try:
        protocol = protocol_document.parse(body)
    except DocumentInvalid as error:
        raise InvalidInput(f"protocol: {problem}" for problem in error.problems) from None
    check(actor, "propose", Thing("protocol", auditor=protocol.parties.auditor.organisation))
    admission.judge(session, platform, protocol)
    digest = canonical.digest(body)
    if protocols.get(session, protocol.identity.id) is not None:
        raise Conflict(f"a protocol {protocol.identity.id} was proposed already")
    act = Act(actor.label, "propose protocol", platform.clock())
    log.put_document(session, log.Document(digest=digest, kind="protocol", body=body), act)
    row = protocols.Protocol(
        id=protocol.identity.id,
        digest=digest,
        state=states.Protocol.PROPOSED,
        since=act.at,
        auditor=actor.organisation,
        vendor=protocol.parties.vendor.organisation,
        model=protocol.system.model,
        suite=protocol.suite.digest,
    )
    protocols.add(session, row, act)
    if drafts.get(session, row.id) is not None:
        drafts.remove(session, row.id, act)
    for kind, envelope in (("protocol-proposal", proposal), ("protocol-approval", approval)):
        _take(session, envelope, kind, row, protocol.parties.auditor.key_id, actor, act)
    return row


def sign(
    session: Session, platform: Platform, actor: Actor, protocol_id: str, approval: bytes
) -> protocols.Protocol:
    """Take the vendor's approval of the very bytes that were proposed."""
    row = find(session, actor, protocol_id)
    reach(actor, "sign", thing(row), row.id)
    after = states.protocol_step(row.state, "sign", actor.role)
    if after is None:
        raise Conflict(f"protocol {row.id} is {row.state}; it can be signed while PROPOSED")
    protocol = document(session, row)
    act = Act(actor.label, "sign protocol", platform.clock())
    _take(session, approval, "protocol-approval", row, protocol.parties.vendor.key_id, actor, act)
    if not protocols.move(session, row.id, row.state, after, act):
        raise Conflict(f"protocol {row.id} was changed meanwhile; look at it again")
    return row


def thing(row: protocols.Protocol) -> Thing:
    """The protocol as `access.can` judges it."""
    return Thing("protocol", auditor=row.auditor, vendor=row.vendor)


def listed(session: Session, actor: Actor, window: Window) -> Page[protocols.Protocol]:
    """The protocols that the actor may see, those that changed last first."""
    own = narrowed(actor, "protocol")
    return Page((), None) if own is None else protocols.listed(session, own, window)


def find(session: Session, actor: Actor, protocol_id: str) -> protocols.Protocol:
    """A protocol that the actor may see, by its id or the beginning of it. Raises NotFound."""
    own = narrowed(actor, "protocol")
    found = () if own is None or not protocol_id else protocols.matching(session, protocol_id, own)
    if len(found) != 1:
        what = "more than one protocol" if found else "no protocol"
        raise NotFound(f"{what} with an id beginning {protocol_id}")
    return found[0]


def body(session: Session, row: protocols.Protocol) -> bytes:
    """The exact agreed bytes. Raises IntegrityError when they are not what was signed."""
    stored = log.document(session, row.digest)
    if stored is None or canonical.digest(stored.body) != row.digest:
        raise IntegrityError(
            f"the stored bytes of protocol {row.id} are not those that were signed"
        )
    return stored.body


def document(session: Session, row: protocols.Protocol) -> Protocol:
    """The agreed protocol, parsed from its exact bytes."""
    return protocol_document.parse(body(session, row))


def _take(
    session: Session,
    envelope: bytes,
    kind: str,
    row: protocols.Protocol,
    key_id: str,
    actor: Actor,
    act: Act,
) -> None:
    _, signed_by = statements.accept(
        session,
        envelope,
        kind=kind,
        organisation=actor.organisation,
        subject=("protocol", row.digest),
        act=act,
        protocol=row.id,
    )
    if signed_by != key_id:
        raise InvalidInput(
            f"the envelope is signed by another key than the protocol names for "
            f"{actor.organisation}"
        )
