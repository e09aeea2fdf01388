"""`/api/v1/protocols`: agreements, signed over exact bytes."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from harness.services.agreements import agree
from web.auth import Program
from web.dependencies import AtDesk
from web.views.api.posting import Posting
from web.views.api.previews import Preview, preview_of
from web.views.api.shapes import (
    Asked,
    Base64,
    Body,
    Listing,
    ProtocolId,
    exact,
    from_base64,
    to_text,
)

router = APIRouter(prefix="/protocols", tags=["protocols"])


class Protocol(BaseModel):
    """An agreement; `digest` names its exact bytes, `since` is when it came into its state."""

    id: str
    digest: str
    state: str
    since: float
    auditor: str
    vendor: str
    model: str
    suite: str


class ReadProtocol(Protocol):
    """An agreement with what it says, and the preview of its reports."""

    protocol: dict[str, Any]
    preview: Preview


class Proposal(Body):
    """A protocol's bytes with its auditor's two envelopes, as `assay sign` makes them."""

    document: Base64
    proposal: Base64
    approval: Base64


class Signature(Body):
    """The vendor's approval of the bytes that were proposed."""

    envelope: Base64


@router.get("")
def list_protocols(at: AtDesk, actor: Program, asked: Asked) -> Listing[Protocol]:
    """The agreements that you may see, those that changed last first."""
    with at.platform.database.read() as session:
        found = agree.listed(session, actor, asked)
    items = [Protocol.model_validate(row, from_attributes=True) for row in found.rows]
    return Listing(items=items, next=to_text(found.next))


@router.post("", status_code=201, response_model=Protocol)
def propose(post: Posting, body: Proposal) -> Response:
    """Propose a protocol (auditor): every figure in it is computed again."""
    sent = [from_base64(name, getattr(body, name)) for name in ("document", "proposal", "approval")]

    def change(session: Any) -> Protocol:
        row = agree.propose(session, post.desk.platform, post.actor, *sent)
        return Protocol.model_validate(row, from_attributes=True)

    return post.once(body.model_dump_json().encode(), change)


@router.get("/{protocol_id}")
def read_protocol(at: AtDesk, actor: Program, protocol_id: ProtocolId) -> ReadProtocol:
    """One agreement."""
    with at.platform.database.read() as session:
        row = agree.find(session, actor, protocol_id)
        document = agree.document(session, row)
    return ReadProtocol(
        **Protocol.model_validate(row, from_attributes=True).model_dump(),
        protocol=document.model_dump(mode="json", by_alias=True),
        preview=preview_of(document),
    )


@router.get(
    "/{protocol_id}/document",
    response_class=Response,
    responses=exact("The exact bytes that every party signs."),
)
def read_protocol_document(at: AtDesk, actor: Program, protocol_id: ProtocolId) -> Response:
    """The exact bytes of an agreement, to be signed by `assay sign`."""
    with at.platform.database.read() as session:
        body = agree.body(session, agree.find(session, actor, protocol_id))
    return Response(body, media_type="application/json")


@router.post("/{protocol_id}/signatures", status_code=201, response_model=Protocol)
def add_signature(post: Posting, protocol_id: ProtocolId, body: Signature) -> Response:
    """Approve the very bytes that were proposed (vendor)."""
    envelope = from_base64("envelope", body.envelope)

    def change(session: Any) -> Protocol:
        row = agree.sign(session, post.desk.platform, post.actor, protocol_id, envelope)
        return Protocol.model_validate(row, from_attributes=True)

    return post.once(envelope, change)
