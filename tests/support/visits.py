"""Browsers of every organisation in front of the pages, each with a session of its own."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from starlette.testclient import TestClient

from tests.support.service import client_of, member, signed_in
from tests.support.world import World


@dataclass
class Visits:
    """Asks in the name of an organisation; the name "" is somebody who is not signed in."""

    world: World
    client: TestClient
    cookies: dict[str, str] = field(default_factory=dict)

    def headers(self, who: str) -> dict[str, str]:
        if who and who not in self.cookies:
            link = member(self.world, who, f"browser.of.{who}")
            ((name, secret),) = signed_in(self.world, link).items()
            self.cookies[who] = f"{name}={secret}"
        return {"cookie": self.cookies[who]} if who else {}

    def get(self, who: str, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers={**self.headers(who), **headers})

    def post(self, who: str, path: str, **fields: str) -> httpx.Response:
        return self.client.post(path, headers=self.headers(who), data=fields)

    def submit(self, who: str, path: str, page: str, **fields: str) -> httpx.Response:
        """Post a form as a browser does that has loaded the page with it."""
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get(who, page).text)
        return self.post(who, path, csrf=found[1], **fields)


@contextmanager
def visits(world: World, cookies: dict[str, str] | None = None) -> Iterator[Visits]:
    """The pages of a world; `cookies` are those of sessions that it has already."""
    with client_of(world) as client:
        yield Visits(world, client, {} if cookies is None else cookies)
