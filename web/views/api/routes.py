"""The API's routes under one prefix, and its OpenAPI document."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from web.errors import PROBLEM
from web.views.api import suites
from web.views.api.shapes import PROBLEM_SCHEMA

PREFIX: Final = "/api/v1"
_PROBLEM: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {
        "description": "What is wrong, and where.",
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
    "503": {
        "description": "Something Assay needs is not there now.",
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}

router = APIRouter(prefix=PREFIX, responses=_PROBLEM)
for part in (suites,):
    router.include_router(part.router)


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> JSONResponse:
    """The description of this API."""
    app = request.app
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes
        )
        schema["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
        app.openapi_schema = schema
    return JSONResponse(app.openapi_schema)
