"""`/api/v1/drafts`: protocols whose author has not signed them yet."""

import base64
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from harness.documents import canonical
from harness.documents import protocol as protocol_document
from harness.paging import Cursor, cut
from harness.services.agreements import drafts
from harness.services.agreements.terms import Terms
from web.auth import Program
from web.dependencies import AtDesk
from web.views.api.posting import Posting
from web.views.api.previews import Preview, preview_of
from web.views.api.shapes import Asked, Body, DraftId, Line, Listing, exact, to_text

router = APIRouter(prefix="/drafts", tags=["drafts"])

_JSON: Final = "application/json"


class ListedDraft(BaseModel):
    """A draft that the server keeps for some days."""

    id: str
    digest: str
    created_at: float


class Draft(BaseModel):
    """A protocol as it would be signed: `document` is the base64 of its exact bytes."""

    id: str
    digest: str
    kept: bool
    document: str
    preview: Preview


class NewDraft(Body):
    """What an auditor chooses; everything else follows from suite and model."""

    suite: Annotated[
        str, Field(pattern="^(sha256:)?[0-9a-f]{1,64}$", description="Digest or its beginning.")
    ]
    model: Annotated[Line, Field(description="Public name of the vendor's model.")]
    terms: Annotated[Terms, Field(description="See docs/terms.md.")] = Terms()
    dry_run: Annotated[bool, Field(description="Draft and judge, but keep nothing.")] = False


@router.get("")
def list_drafts(at: AtDesk, actor: Program, asked: Asked) -> Listing[ListedDraft]:
    """Your drafts, newest first."""
    with at.platform.database.read() as session:
        found = cut(drafts.listed(session, actor), lambda r: Cursor(r.created_at, r.id), asked)
    items = [ListedDraft.model_validate(row, from_attributes=True) for row in found.rows]
    return Listing(items=items, next=to_text(found.next))


@router.post("", status_code=201, response_model=Draft, responses={200: {"model": Draft}})
def add_draft(post: Posting, body: NewDraft) -> Response:
    """Draft a protocol and see what its reports can say (auditor); 200 for a dry run."""
    platform, asked = post.desk.platform, (body.suite, body.model, body.terms)
    if body.dry_run:
        with platform.database.read() as session:
            content, _ = drafts.judged(session, platform, post.actor, *asked)
        return Response(_draft(content, kept=False).model_dump_json(), media_type=_JSON)

    def change(session: Any) -> Draft:
        return _draft(drafts.make(session, platform, post.actor, *asked).body, kept=True)

    return post.once(body.model_dump_json().encode(), change)


@router.get("/{draft_id}")
def read_draft(at: AtDesk, actor: Program, draft_id: DraftId) -> Draft:
    """One of your drafts."""
    with at.platform.database.read() as session:
        found = drafts.find(session, actor, draft_id)
    return _draft(found.body, kept=True)


@router.get(
    "/{draft_id}/document",
    response_class=Response,
    responses=exact("The exact bytes that are to be signed."),
)
def read_draft_document(at: AtDesk, actor: Program, draft_id: DraftId) -> Response:
    """The exact bytes of a draft, to be signed by `assay sign`."""
    with at.platform.database.read() as session:
        found = drafts.find(session, actor, draft_id)
    return Response(found.body, media_type=_JSON)


def _draft(body: bytes, *, kept: bool) -> Draft:
    protocol = protocol_document.parse(body)
    return Draft(
        id=protocol.identity.id,
        digest=canonical.digest(body),
        kept=kept,
        document=base64.b64encode(body).decode(),
        preview=preview_of(protocol),
    )
