"""`/api/v1/log`: the transparency log, for everybody, without a token."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from harness.errors import NotFound
from harness.services.access import PUBLIC
from harness.services.publication import log
from web.dependencies import AtDesk
from web.views.api.shapes import (
    MOST_LEAVES,
    Asked,
    Listing,
    LogIndex,
    Parameters,
    StatementDigest,
    exact,
    to_text,
)

router = APIRouter(prefix="/log", tags=["log"])


class Entry(BaseModel):
    """One leaf. `digest` names the signed bytes, `leaf_hash` is hexadecimal.

    Of a withheld statement no more than this is shown.
    """

    index: int
    kind: str
    digest: str
    leaf_hash: str
    logged_at: float
    withheld: bool


class Proof(BaseModel):
    """An inclusion proof (RFC 6962): base64 hashes from the leaf up, the lowest sibling first."""

    index: int
    size: int
    proof: list[str]


@router.get(
    "/checkpoint",
    response_class=Response,
    responses=exact("A C2SP signed note.", "text/plain"),
)
def read_checkpoint(at: AtDesk) -> Response:
    """The newest checkpoint; 404 while the log is empty."""
    with at.platform.database.read() as session:
        head = log.head(session, at.platform, PUBLIC)
    if head is None:
        raise NotFound("the log is empty")
    return Response(head.note, media_type="text/plain")


@router.get("/entries")
def list_entries(at: AtDesk, asked: Asked) -> Listing[Entry]:
    """The log's entries, the newest first."""
    with at.platform.database.read() as session:
        found = log.entries(session, PUBLIC, asked)
    items = [Entry.model_validate(row, from_attributes=True) for row in found.rows]
    return Listing(items=items, next=to_text(found.next))


@router.get(
    "/statements/{digest}",
    response_class=Response,
    responses=exact("The exact DSSE envelope."),
)
def read_statement(at: AtDesk, digest: StatementDigest) -> Response:
    """A logged statement; 404 also for one that is withheld."""
    with at.platform.database.read() as session:
        found = log.envelope(session, PUBLIC, digest)
    return Response(found, media_type="application/json")


class Tree(Parameters):
    """Under which tree something is proved."""

    size: Annotated[
        int | None,
        Field(ge=1, le=MOST_LEAVES, description="Leaves of the tree; the newest by default."),
    ] = None


@router.get("/proof/{index}")
def read_proof(at: AtDesk, index: LogIndex, under: Annotated[Tree, Query()]) -> Proof:
    """The proof that an entry stands in the log."""
    with at.platform.database.read() as session:
        taken, hashes = log.proof(session, PUBLIC, index, under.size)
    return Proof(index=index, size=taken, proof=[log.to_base64(item) for item in hashes])
