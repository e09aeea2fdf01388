"""Two probes for whatever starts and watches this process."""

from typing import Literal

from fastapi import APIRouter, Response, status
from pydantic import BaseModel

from web.dependencies import Readiness

router = APIRouter(prefix="/health", tags=["health"])


class Live(BaseModel):
    """The process answers. Nothing else is looked at, so that no outage restarts it."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """Whether work can be taken on, and which part stands in the way."""

    status: Literal["ready", "not ready"]
    checks: dict[str, bool]


@router.get("/live")
async def live() -> Live:
    """Answer 200 while the process runs."""
    return Live()


@router.get("/ready", responses={status.HTTP_503_SERVICE_UNAVAILABLE: {"model": Ready}})
def ready(checks: Readiness, response: Response) -> Ready:
    """Answer 200 when every part works, else 503. Names parts, never why they fail."""
    results = {name: check() for name, check in checks.items()}
    if all(results.values()):
        return Ready(status="ready", checks=results)
    response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Ready(status="not ready", checks=results)
