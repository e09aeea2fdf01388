"""Builds the web application; each process builds exactly one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from harness.services.publication.desk import Desk
from harness.services.publication.sweeper import sweeping
from web import errors
from web.dependencies import ReadinessChecks
from web.middleware import Guard
from web.views import health
from web.views.api import routes as api
from web.views.pages import routes as pages

_STATIC: Final = Path(__file__).parent / "static"


def create_app(desk: Desk, readiness_checks: ReadinessChecks, *, sweep: bool = True) -> FastAPI:
    """Return the application over an opened desk, ready when the given checks say so.

    A check returns False when its part does not work; it may block for as long as the part's
    own time limit, and must not raise for a part that is merely down. `sweep` lets the process
    look for lost work now and then while it serves.
    """

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        if not sweep:
            yield
            return
        with sweeping(desk):
            yield

    app = FastAPI(
        title="Assay",
        summary="Evaluate an AI model in a sandbox that auditor and vendor can both verify.",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=life,
    )
    app.state.desk = desk
    app.state.readiness_checks = readiness_checks
    settings = desk.platform.settings
    app.add_middleware(Guard, public_url=settings.public_url, listen=settings.listen)
    errors.install(app)
    app.include_router(health.router, include_in_schema=False)
    app.include_router(api.router)
    pages.include_in(app)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    return app
