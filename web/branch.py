"""A router that is asked about its own paths only."""

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope


class Branch(APIRouter):
    """Passes over every path outside its prefix at once, instead of trying each of its routes.

    For routers that stand directly in the application, where a path is whole.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a route below the prefix fits."""
        if scope["type"] == "http" and not scope["path"].startswith(self.prefix):
            return Match.NONE, {}
        return super().matches(scope)
