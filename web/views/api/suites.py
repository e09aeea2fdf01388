"""`/api/v1/suites`: what auditors submit."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Response, UploadFile
from pydantic import BaseModel

from evals import pack
from harness.services import suites
from web.auth import Program
from web.dependencies import AtDesk
from web.views.api.posting import Posting
from web.views.api.shapes import Asked, Listing, SuiteDigest, to_text

router = APIRouter(prefix="/suites", tags=["suites"])


class Suite(BaseModel):
    """A submitted suite; its archive never leaves the server."""

    digest: str
    id: str
    version: str
    auditor: str
    samples: int
    submitted_at: float


@router.get("")
def list_suites(at: AtDesk, actor: Program, asked: Asked) -> Listing[Suite]:
    """The suites that you may see, newest first."""
    with at.platform.database.read() as session:
        found = suites.listed(session, actor, asked)
    items = [Suite.model_validate(row, from_attributes=True) for row in found.rows]
    return Listing(items=items, next=to_text(found.next))


@router.post("", status_code=201, response_model=Suite)
def submit_suite(
    post: Posting,
    archive: Annotated[UploadFile, File(description="A suite made by `assay suite pack`.")],
    envelope: Annotated[
        UploadFile, File(description="Its suite-submission statement, made by `assay sign`.")
    ],
) -> Response:
    """Submit a packed suite with its auditor's signature; sent twice it is there once."""
    packed, signed = archive.file.read(), envelope.file.read()
    content = pack.digest(packed).encode() + b"\n" + signed
    platform = post.desk.platform

    def change(session: Any) -> Suite:
        row = suites.submit(session, platform, post.actor, packed, signed)
        return Suite.model_validate(suites.shown(row), from_attributes=True)

    return post.once(content, change)


class SuiteFacts(Suite):
    """A suite with what its manifest tells: no prompts, no answers."""

    title: str
    summary: str
    licence: str
    groups: dict[str, dict[str, int]]
    metrics: list[str]


@router.get("/{digest}")
def read_suite(at: AtDesk, actor: Program, digest: SuiteDigest) -> SuiteFacts:
    """One suite and the facts of its manifest."""
    with at.platform.database.read() as session:
        found = suites.facts(suites.find(session, actor, digest))
    return SuiteFacts.model_validate(found, from_attributes=True)
