"""All pages: a router for each noun."""

from typing import Final

from fastapi import FastAPI

from web.views.pages import (
    account,
    drafts,
    front,
    glossary,
    log,
    models,
    operator,
    organisations,
    people,
    protocols,
    reports,
    runs,
    sign_in,
    suites,
)

PARTS: Final = (
    front,
    sign_in,
    account,
    log,
    organisations,
    people,
    operator,
    glossary,
    models,
    runs,
    reports,
    suites,
    drafts,
    protocols,
)


def include_in(app: FastAPI) -> None:
    """Put every page into the application, each router directly: a nested one is asked twice."""
    for part in PARTS:
        app.include_router(part.router, include_in_schema=False)
