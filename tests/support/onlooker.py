"""An auditor who asks for everything that there is to ask for, and keeps every byte of it."""

import re
from dataclasses import dataclass

from starlette.testclient import TestClient

from tests.support import crawl, service
from tests.support.world import AUDITOR, MODEL, World
from web.app import create_app

# Status, headers and body of every address, by address.
View = dict[str, tuple[int, list[tuple[str, str]], bytes]]
# Digests, signatures and proofs; words and figures of a page are shorter.
_SEALED = re.compile(rb"[0-9A-Za-z+/=_-]{32,}|[0-9a-f]{17,}")


def differing(one: View, other: View) -> set[str]:
    """Addresses that do not give the same bytes, headers and lengths included."""
    assert one.keys() == other.keys()
    return {address for address in one if one[address] != other[address]}


def differing_in_words(one: View, other: View) -> set[str]:
    """Addresses that differ in more than digests, signatures and proofs."""
    return {
        address
        for address in differing(one, other)
        if one[address][:2] != other[address][:2]
        or len(one[address][2]) != len(other[address][2])
        or _SEALED.sub(b"", one[address][2]) != _SEALED.sub(b"", other[address][2])
    }


@dataclass(frozen=True, repr=False)
class Onlooker:
    """How somebody signs in, and the names to put into addresses."""

    cookies: dict[str, str]
    token: dict[str, str]
    names: dict[str, str]

    def look(self, world: World) -> View:
        """Everything that a world answers at its clock's one moment."""
        desk = service.desk_of(world)
        app = create_app(desk, {}, sweep=False)
        found = {}
        with TestClient(app, base_url=service.ADDRESS, follow_redirects=False) as client:
            # Pages look at the cookie alone, the API at the token alone.
            client.cookies.update(self.cookies)
            for address in crawl.addresses(app, self.names):
                reply = client.get(address, headers=self.token)
                found[address] = (reply.status_code, reply.headers.multi_items(), reply.content)
        desk.queue.close()
        return found


def signed_in(
    world: World, *, organisation: str = AUDITOR, role: str = "auditor", **names: str
) -> Onlooker:
    """A new member of an organisation; `names` are those of what the world holds."""
    cookies = service.signed_in(world, service.member(world, organisation))
    nothing = {
        "draft_id": "0" * 16,
        "name": MODEL,
        "index": "0",
        "login": "nobody",
        "secret": "none",
        "token_id": "00000000",
    }
    return Onlooker(cookies, service.token(world, organisation, role), nothing | names)
