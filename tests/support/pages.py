"""A browser in front of the pages, without a network: it keeps cookies and sends forms."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

from httpx import Response
from starlette.testclient import TestClient

from harness.services.parties import registry
from tests.support.service import client_of, member
from tests.support.world import OPERATOR, World

_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]*)"')
_TAG = re.compile(r"<[^>]+>")


class Browser:
    """One browser. `token` is that of the last form it saw with a session."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.token = ""

    def get(self, path: str, **options) -> Response:
        reply = self.client.get(path, **options)
        found = [text for text in _TOKEN.findall(reply.text) if text]
        self.token = found[0] if found else self.token
        return reply

    def send(self, path: str, files=None, headers=None, **fields) -> Response:
        """Post a form as one of our own pages would."""
        data = {"csrf": self.token, **fields}
        return self.client.post(path, data=data, files=files, headers=headers)

    def use_link(self, secret: str) -> Response:
        reply = self.client.post(f"/sign-in/{secret}")
        self.get("/account")
        return reply

    def sign_in(self, login: str, password: str, **fields) -> Response:
        reply = self.client.post("/sign-in", data={"login": login, "password": password, **fields})
        if reply.status_code == 303:
            self.get("/account")
        return reply


def words(reply: Response) -> str:
    """What a page says, without its tags."""
    return " ".join(unescape(_TAG.sub(" ", reply.text)).split())


@contextmanager
def browsing(world: World, organisation: str | None = None) -> Iterator[Browser]:
    """A browser of nobody, or of a new member of an organisation."""
    with client_of(world) as client:
        browser = Browser(client)
        if organisation is not None:
            browser.use_link(member(world, organisation))
        yield browser


def add_operator(world: World) -> None:
    """Register the operator's organisation."""
    name = OPERATOR.organisation
    with world.platform.database.write() as session:
        registry.add_organisation(session, world.platform, OPERATOR, name, "operator", None, None)
