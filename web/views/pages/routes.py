"""All pages, in one router."""

from fastapi import APIRouter

from web.views.pages import front

router = APIRouter()
for part in (front,):
    router.include_router(part.router)
