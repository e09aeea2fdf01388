"""Protocols: the list, one agreement with all that hangs on it, signing it, starting a run."""

import re
from typing import Annotated, Final

from fastapi import Depends, Request, Response

from harness.documents import signatures
from harness.errors import Conflict, InvalidInput, NotFound
from harness.services.access import Thing, can, check
from harness.services.agreements import agree, clauses, drafts
from harness.services.publication import agreements
from harness.services.publication.agreements import Overview
from harness.services.runs import launch
from web.auth import Visitor
from web.branch import Branch
from web.dependencies import AtDesk, Desk
from web.forms import Form, OwnForm
from web.rendering import render, see_other
from web.views.api.shapes import to_text
from web.views.pages.agreement_words import words
from web.views.pages.drafts import attachment, refuse_signatures
from web.views.pages.lists import Asked

router = Branch(prefix="/protocols")

_ID: Final = re.compile(r"p[0-9a-f]{0,31}")


def known_id(protocol_id: str) -> str:
    """A protocol's id from an address. Raises NotFound for what can be none."""
    if not _ID.fullmatch(protocol_id):
        raise NotFound("no protocol with that id")
    return protocol_id


ProtocolId = Annotated[str, Depends(known_id)]


@router.get("")
def list_protocols(request: Request, at: AtDesk, visitor: Visitor, asked: Asked) -> Response:
    """The agreements that the reader may see; on the first page what waits for them."""
    actor, platform = visitor.actor, at.platform
    first = asked.after is None
    with platform.database.read() as session:
        found = agreements.listed(session, platform, actor, asked)
        waiting = agreements.waiting(session, platform, actor) if first else []
        drafted = drafts.listed(session, actor) if first else []
    return render(
        request,
        "protocols.html",
        rows=found.rows,
        waiting=waiting,
        drafts=[(row, drafts.document(row)) for row in drafted],
        older=to_text(found.next),
        first=first,
        may_propose=can(actor, "propose", Thing("protocol", auditor=actor.organisation)),
    )


@router.get("/{protocol_id}")
def read_protocol(
    request: Request, at: AtDesk, visitor: Visitor, protocol_id: ProtocolId
) -> Response:
    """One agreement."""
    return _page(request, visitor, _overview(at, visitor, protocol_id))


@router.get("/{protocol_id}/document")
def read_document(at: AtDesk, visitor: Visitor, protocol_id: ProtocolId) -> Response:
    """The exact bytes that every party signs."""
    with at.platform.database.read() as session:
        row = agree.find(session, visitor.actor, protocol_id)
        body = agree.body(session, row)
    return attachment(body, f"{row.id}.json")


@router.post("/{protocol_id}/sign")
def sign(
    request: Request, at: AtDesk, visitor: Visitor, protocol_id: ProtocolId, form: OwnForm
) -> Response:
    """Take the vendor's approval of the very bytes that were proposed."""
    try:
        with at.platform.database.write() as session:
            row = agree.find(session, visitor.actor, protocol_id)
            check(visitor.actor, "sign", agree.thing(row))
            (approval,) = signatures.read(form.content("signatures"), "approval")
            agree.sign(session, at.platform, visitor.actor, row.id, approval)
    except InvalidInput as error:
        refuse_signatures(form, error)
        return _page(request, visitor, _overview(at, visitor, protocol_id), form)
    at.settle()
    return see_other(f"/protocols/{row.id}")


@router.get("/{protocol_id}/start")
def ask_start(request: Request, at: AtDesk, visitor: Visitor, protocol_id: ProtocolId) -> Response:
    """Ask once, with what it will cost, before a run is started."""
    found = _startable(at, visitor, protocol_id)
    if not found.may_start:
        return see_other(f"/protocols/{found.id}")
    return render(request, "protocol_start.html", found=found, refusal="")


@router.post("/{protocol_id}/start")
def start(
    request: Request, at: AtDesk, visitor: Visitor, protocol_id: ProtocolId, form: OwnForm
) -> Response:
    """Start the run that was announced; a second click finds the same run."""
    try:
        ordinal = form.number("ordinal", 0)
    except InvalidInput:
        ordinal = 0
    try:
        with at.platform.database.write() as session:
            run = launch.launch(session, at.platform, visitor.actor, protocol_id, ordinal)
    except Conflict as error:
        found = _startable(at, visitor, protocol_id)
        return render(request, "protocol_start.html", 409, found=found, refusal=str(error))
    at.settle()
    return see_other(f"/runs/{run.id}")


def _startable(at: Desk, visitor: Visitor, protocol_id: str) -> Overview:
    found = _overview(at, visitor, protocol_id)
    parties = found.protocol.parties
    about = Thing("run", auditor=parties.auditor.organisation, vendor=parties.vendor.organisation)
    check(visitor.actor, "start", about)
    return found


def _overview(at: Desk, visitor: Visitor, protocol_id: str) -> Overview:
    with at.platform.database.read() as session:
        return agreements.overview(session, at.platform, visitor.actor, protocol_id)


def _page(
    request: Request, visitor: Visitor, found: Overview, form: Form | None = None
) -> Response:
    return render(
        request,
        "protocol.html",
        422 if form else 200,
        form=form,
        found=found,
        protocol=found.protocol,
        seen=found.preview,
        words=words(found.protocol, found.preview),
        chapters=clauses.chapters(found.protocol),
        role=visitor.actor.role,
    )
