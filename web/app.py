"""Builds the web application; each process builds exactly one."""

from fastapi import FastAPI

from web.dependencies import ReadinessChecks
from web.views import health


def create_app(readiness_checks: ReadinessChecks) -> FastAPI:
    """Return an application whose readiness is decided by the given checks.

    A check returns False when its part does not work; it may block for as long as the part's
    own time limit, and must not raise for a part that is merely down.
    """
    app = FastAPI(title="Assay", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.readiness_checks = readiness_checks
    app.include_router(health.router)
    return app
