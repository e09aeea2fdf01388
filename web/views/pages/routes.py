"""All pages, in one router."""

from fastapi import APIRouter

from web.views.pages import front, reports, runs

router = APIRouter()
for part in (front, reports, runs):
    router.include_router(part.router)
