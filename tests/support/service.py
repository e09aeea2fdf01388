"""The web application over a world, asked without a network, and people who may sign in to it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.testclient import TestClient

from harness import queue
from harness.services.access import Actor
from harness.services.parties import people, sessions, tokens
from harness.services.publication.desk import Desk
from tests.support.serving import listening, serving
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


@contextmanager
def served(world: World) -> Iterator[str]:
    """The application on a port of its own, for clients that need a network; its URL."""
    desk = desk_of(world)
    with listening() as door, serving(create_app(desk, {}, sweep=False), door) as url:
        yield url
    desk.queue.close()


def member(world: World, organisation: str, login: str | None = None) -> str:
    """Register somebody who acts for an organisation; the secret of a one-time link."""
    login = login or f"member.of.{organisation}"
    with world.platform.database.write() as session:
        return people.add(session, world.platform, OPERATOR, login, login, organisation)


def acting(world: World, url: str, organisation: str, role: str) -> dict[str, str]:
    """Environment of a command that acts for an organisation at a server."""
    login = f"{secrets.token_hex(4)}.of.{organisation}"
    member(world, organisation, login)
    actor = Actor(organisation, role, login)
    with world.platform.database.write() as session:
        _, secret = tokens.issue(session, world.platform, actor, "test", ["read", "write"], 1)
    return {"ASSAY_SERVER": url, "ASSAY_TOKEN": secret}


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
