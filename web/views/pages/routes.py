"""All pages, in one router."""

from fastapi import APIRouter

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
    drafts,
    protocols,
):
    router.include_router(part.router)
