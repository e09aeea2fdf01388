"""The front page: the service in a minute."""

from fastapi import APIRouter, Request, Response

from web.auth import MaybeVisit
from web.rendering import render

router = APIRouter()


@router.get("/")
def front(request: Request, _: MaybeVisit) -> Response:
    """What Assay is, for whom, and where to go next."""
    return render(request, "front.html")
