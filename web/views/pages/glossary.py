"""Words, and how to verify a report: pages that say the same to everybody."""

from fastapi import APIRouter, Request, Response

from web.auth import MaybeVisit
from web.dependencies import AtDesk
from web.rendering import render

router = APIRouter()


@router.get("/glossary")
def glossary(request: Request, _: MaybeVisit) -> Response:
    """What each word means here."""
    return render(request, "glossary.html")


@router.get("/verify")
def verify(request: Request, at: AtDesk, _: MaybeVisit) -> Response:
    """How anybody checks a report, offline."""
    return render(request, "verify.html", root=at.platform.trust_root_digest)
