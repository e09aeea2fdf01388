"""Every address that can be asked for, with real names in the places of its parameters."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts


class Route(NamedTuple):
    """One method of one path pattern."""

    method: str
    path: str

    def at(self, names: Mapping[str, str]) -> str:
        """The address with these names in the places of the parameters."""
        return self.path.format_map({name: quote(text, safe=":") for name, text in names.items()})


def routes(app: FastAPI) -> Iterator[Route]:
    """All of them: pages, partials, probes and the API; static files aside."""
    for found in iter_route_contexts(app.routes):
        for method in sorted(found.methods or ()):
            if method != "HEAD":
                yield Route(method, found.path_format)


def addresses(app: FastAPI, names: Mapping[str, str]) -> list[str]:
    """What can be read: each GET route, with these names in the places of its parameters."""
    return sorted(route.at(names) for route in routes(app) if route.method == "GET")
