"""The front page: the service in a minute, or what waits for who is signed in."""

from fastapi import APIRouter, Request, Response

from harness.services.publication.waiting import waiting
from web.auth import MaybeVisit
from web.dependencies import AtDesk
from web.rendering import render

router = APIRouter()


@router.get("/")
def front(request: Request, at: AtDesk, found: MaybeVisit) -> Response:
    """What Assay is, for whom, and where to go next."""
    if found is None:
        return render(request, "front.html", root=at.platform.trust_root_digest)
    if found.signed.actor is None:
        return render(request, "desk_nobody.html")
    with at.platform.database.read() as session:
        tasks = waiting(session, at.platform, found.signed.actor)
    return render(request, "desk.html", tasks=tasks, role=found.signed.actor.role)
