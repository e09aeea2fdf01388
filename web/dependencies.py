"""What views may ask for; each is built once when the process starts."""

from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias, cast

from fastapi import Depends, Request

ReadinessChecks: TypeAlias = Mapping[str, Callable[[], bool]]
"""Name of a part to a function that answers whether the part works now."""


def readiness_checks(request: Request) -> ReadinessChecks:
    """Return the checks that `create_app` was given."""
    return cast("ReadinessChecks", request.app.state.readiness_checks)


Readiness = Annotated[ReadinessChecks, Depends(readiness_checks)]
