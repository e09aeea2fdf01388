"""All pages, in one router."""

from fastapi import APIRouter

from web.views.pages import (
    account,
    front,
    glossary,
    log,
    models,
    operator,
    organisations,
    people,
    reports,
    runs,
    sign_in,
    suites,
)

router = APIRouter()
for part in (
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
):
    router.include_router(part.router)
