"""The web application over a world, asked without a network, and people who may sign in to it."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.testclient import TestClient

from harness import queue
from harness.services.access import Actor
from harness.services.parties import people, sessions, tokens
from harness.services.publication.desk import Desk
from tests.support.world import OPERATOR, World
from web.app import create_app
from web.auth import cookie_name

ADDRESS = "http://127.0.0.1:8000"


def desk_of(world: World) -> Desk:
    """The world's platform with its queue."""
    return Desk(world.platform, queue.celery(world.platform.settings))


@contextmanager
def client_of(world: World, checks=None) -> Iterator[TestClient]:
    """A browser, or a program, in front of the application; it follows no redirects."""
    desk = desk_of(world)
    app = create_app(desk, checks or {}, sweep=False)
    with TestClient(app, base_url=ADDRESS, follow_redirects=False) as client:
        yield client
    desk.queue.close()


def member(world: World, organisation: str, login: str | None = None) -> str:
    """Register somebody who acts for an organisation; the secret of a one-time link."""
    login = login or f"member.of.{organisation}"
    with world.platform.database.write() as session:
        return people.add(session, world.platform, OPERATOR, login, login, organisation)


def token(world: World, organisation: str, role: str, scopes=("read", "write")) -> dict[str, str]:
    """Headers of a program that acts for an organisation; its person must be a member."""
    actor = Actor(organisation, role, f"member.of.{organisation}")
    with world.platform.database.write() as session:
        _, secret = tokens.issue(session, world.platform, actor, "test", list(scopes), 1)
    return {"authorization": f"Bearer {secret}"}


def signed_in(world: World, link: str) -> dict[str, str]:
    """Cookies of a browser that used a one-time link."""
    with world.platform.database.write() as session:
        secret = sessions.sign_in_by_link(session, world.platform, link)
    return {cookie_name(world.platform.settings.public_url): secret}
