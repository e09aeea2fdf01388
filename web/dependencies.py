"""What views may ask for; each is built once when the process starts.

What only looks at the request is `async`, so that it costs no thread.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias, cast

from fastapi import Depends, Request

from harness.services.publication.desk import Desk

ReadinessChecks: TypeAlias = Mapping[str, Callable[[], bool]]
"""Name of a part to a function that answers whether the part works now."""


def desk(request: Request) -> Desk:
    """Return the desk that `create_app` was given."""
    return cast("Desk", request.app.state.desk)


async def _desk(request: Request) -> Desk:
    return desk(request)


async def readiness_checks(request: Request) -> ReadinessChecks:
    """Return the checks that `create_app` was given."""
    return cast("ReadinessChecks", request.app.state.readiness_checks)


async def source(request: Request) -> str:
    """The network address that asks, for throttling; a proxy in front is one source."""
    return request.client.host if request.client else "unknown"


__all__ = ["AtDesk", "Desk", "Readiness", "ReadinessChecks", "Source"]

AtDesk = Annotated[Desk, Depends(_desk)]
Readiness = Annotated[ReadinessChecks, Depends(readiness_checks)]
Source = Annotated[str, Depends(source)]
