"""The API's routes under one prefix, and its OpenAPI document."""

from typing import Any, Final

from fastapi import Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from harness.services.platform.version import VERSION
from web.branch import Branch
from web.errors import PROBLEM
from web.views.api import (
    drafts,
    log,
    models,
    operator,
    organisations,
    people,
    protocols,
    reports,
    runs,
    service,
    suites,
    tokens,
)
from web.views.api.shapes import PROBLEM_SCHEMA

PREFIX: Final = "/api/v1"
_PROBLEM: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "description": description,
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, description in (
        ("4XX", "What is wrong, and where."),
        ("5XX", "An error of Assay's own, or something that it needs is not there now."),
    )
}
_TAGS: Final = {
    "service": "What this service is, and who asks.",
    "suites": "What auditors submit.",
    "models": "What vendors offer.",
    "drafts": "Protocols that are not signed yet.",
    "protocols": "Agreements, signed over exact bytes.",
    "runs": "Runs of an agreement.",
    "reports": "What was released, and the file that proves it.",
    "log": "The transparency log, for everybody.",
    "tokens": "How programs get in.",
    "organisations": "Who takes part.",
    "people": "Who may act for whom.",
    "operator": "How the service does.",
}
_DESCRIPTION: Final = """\
Programs send `Authorization: Bearer TOKEN`. Lists come in pages: `next` is the `cursor` of the
page after. A POST that takes an `Idempotency-Key` has one effect, however often it is sent. Errors
are problem+json (RFC 9457) with a JSON pointer for each problem. Times are seconds since the
epoch, money is millionths of a US dollar. What one may not know of is 404.
"""


def _operation(route: APIRoute) -> str:
    return route.name


router = Branch(prefix=PREFIX, responses=_PROBLEM, generate_unique_id_function=_operation)
router.get("", tags=["service"])(service.read_service)
for part in (
    service,
    suites,
    models,
    drafts,
    protocols,
    runs,
    reports,
    log,
    tokens,
    organisations,
    people,
    operator,
):
    router.include_router(part.router)


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> JSONResponse:
    """The description of this API."""
    app = request.app
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=VERSION,
            summary=app.summary,
            description=_DESCRIPTION,
            routes=app.routes,
            tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
        )
        schema["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
        app.openapi_schema = schema
    return JSONResponse(app.openapi_schema)
