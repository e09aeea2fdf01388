"""Programs of every role in front of the API, each with a token of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from starlette.testclient import TestClient

from tests.support import world as worlds
from tests.support.service import client_of, member, token
from tests.support.world import World

API = "/api/v1"
RIVAL = "rival-vendor"
STRANGER = "other-university"
ROLES = {
    worlds.AUDITOR: "auditor",
    worlds.VENDOR: "vendor",
    worlds.REGULATOR: "regulator",
    "operator": "operator",
    RIVAL: "vendor",
    STRANGER: "auditor",
}


def settle_in(world: World) -> None:
    """Register the organisations that a world lacks, and a member of each."""
    for name, role in ROLES.items():
        if name not in world.keys:
            world.organisation(name, role)
        member(world, name)


@dataclass
class Programs:
    """Asks in the name of an organisation; the name "" is somebody without a token."""

    world: World
    client: TestClient
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)

    def headers(self, who: str) -> dict[str, str]:
        if who and who not in self.tokens:
            self.tokens[who] = token(self.world, who, ROLES[who])
        return self.tokens.get(who, {})

    def ask(self, method: str, who: str, path: str, **request) -> httpx.Response:
        headers = {**self.headers(who), **request.pop("headers", {})}
        return self.client.request(method, f"{API}{path}", headers=headers, **request)

    def get(self, who: str, path: str, **request) -> httpx.Response:
        return self.ask("GET", who, path, **request)

    def post(self, who: str, path: str, json: object = None, **request) -> httpx.Response:
        return self.ask("POST", who, path, json=json, **request)


@contextmanager
def programs(world: World) -> Iterator[Programs]:
    """The API over a world whose organisations are settled in."""
    with client_of(world) as client:
        yield Programs(world, client)
