"""`/api/v1/reports`: what was released."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from harness.services.publication import bundles, lists
from web.auth import Program
from web.dependencies import AtDesk
from web.views.api.shapes import Asked, Listing, RunId, exact, to_text

router = APIRouter(prefix="/reports", tags=["reports"])


class Agreed(BaseModel):
    """The agreement behind a report."""

    protocol: str
    title: str
    auditor: str
    vendor: str
    model: str
    snapshot: str
    primary: str
    runs: int


class Headline(BaseModel):
    """Claim, verdict and primary figure; decimal strings, empty where they do not apply."""

    sentence: str
    verdict: str
    metric: str
    n: int
    shown: str
    low: str
    high: str
    shares: list[tuple[str, str]]


class Report(BaseModel):
    """A released report in a list; `released_at` is its slot."""

    run: str
    ordinal: int
    released_at: float
    agreed: Agreed
    headline: Headline


@router.get("")
def list_reports(at: AtDesk, actor: Program, asked: Asked) -> Listing[Report]:
    """The released reports that you may read, released last first."""
    with at.platform.database.read() as session:
        found = lists.reports(session, at.platform, actor, asked)
    items = [Report.model_validate(row, from_attributes=True) for row in found.rows]
    return Listing(items=items, next=to_text(found.next))


@router.get(
    "/{run_id}",
    response_class=Response,
    responses=exact("The exact bytes of the report, see docs/documents.md."),
)
def read_report(at: AtDesk, actor: Program, run_id: RunId) -> Response:
    """A released report; 409 while there is none."""
    with at.platform.database.read() as session:
        found = bundles.report_of(session, at.platform, actor, run_id)
    return Response(found, media_type="application/json")


@router.get(
    "/{run_id}/bundle",
    response_class=Response,
    responses=exact("The bundle that `assay verify` checks offline."),
)
def read_bundle(at: AtDesk, actor: Program, run_id: RunId) -> Response:
    """The one file from which anybody checks the report, with the log as it stands now."""
    with at.platform.database.read() as session:
        found = bundles.bundle_of(session, at.platform, actor, run_id)
    return Response(found, media_type="application/json")
