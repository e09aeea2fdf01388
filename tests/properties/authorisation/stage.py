"""A world with one object of every kind, and somebody of every role in front of it."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from fastapi import FastAPI
from starlette.testclient import TestClient

from harness.documents import signatures
from harness.records import log
from harness.services.access import Actor
from harness.services.agreements import drafts
from harness.services.agreements.terms import Terms
from harness.services.parties import people, tokens
from tests.properties.authorisation.rules import Names, Rule
from tests.support import copies, released, service
from tests.support import world as worlds
from tests.support.crawl import Route
from tests.support.programs import ROLES, settle_in
from web.app import create_app

TERMS = Terms(run_wall_clock_s=20, start_within_s=20, grid_s=1, runs=3, release="on_completion")
GUEST, SHUT_OUT = "guest", "shut-out"
AUDITOR = Actor(worlds.AUDITOR, "auditor")
_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@dataclass(frozen=True)
class Credentials:
    """How one member gets in: by a token, by a token for reading, and by a browser's cookie."""

    token: dict[str, str]
    reading: dict[str, str]
    cookies: dict[str, str]


@dataclass(frozen=True)
class Stage:
    """The world, its objects' names, and everybody's credentials."""

    world: worlds.World
    names: Names
    people: dict[str, Credentials]

    @classmethod
    def built(cls, folder: Path) -> "Stage":
        """Make everything, and stop the clock after the slot of the one report."""
        world = worlds.make(folder / "data")
        world.image()
        world.model()
        suite = world.suite(worlds.suite_files(worlds.simple_questions(20)))
        settle_in(world)
        proposed = world.propose(world.draft(suite, TERMS))
        active = world.agree(suite, TERMS)
        run = world.reserve(active)
        slot = released.release(world, run)
        with world.platform.database.write() as session:
            draft = drafts.make(session, world.platform, AUDITOR, suite, worlds.MODEL, TERMS)
            who = (session, world.platform, worlds.OPERATOR)
            link = people.add(*who, GUEST, "Guest", worlds.REGULATOR)
            people.add(*who, SHUT_OUT, "Shut out", worlds.REGULATOR)
            people.shut_out(*who, SHUT_OUT)
        world = released.at(world, slot + 1)
        world.settle()
        waiting = world.reserve(active)
        with world.platform.database.read() as session:
            start = log.find(session, "run-start", run=run)[-1].pae_digest
        known = {name: _credentials(world, name, role) for name, role in ROLES.items()}
        names = {
            "suite": suite,
            "statement": start,
            "name": worlds.MODEL,
            "draft_id": draft.id,
            "proposed": proposed,
            "protocol_id": active,
            "run_id": run,
            "waiting": waiting,
            "token_id": _token_id(world, worlds.AUDITOR),
            "login": _login(worlds.REGULATOR),
            "index": "0",
            "secret": link,
            "document": base64.b64encode(draft.body).decode(),
            "envelope": base64.b64encode(world.approval(proposed)).decode(),
            "signatures": signatures.build({"approval": world.approval(proposed)}).decode(),
        }
        return cls(world, names, known)

    def names_of(self, route: Route) -> Names:
        """The objects of a route that needs other ones than the rest."""
        names = self.names
        found = {"digest": names["statement"] if "/log/" in route.path else names["suite"]}
        if route.method == "POST" and route.path.endswith(("/signatures", "/sign")):
            found["protocol_id"] = names["proposed"]
        if route.path.endswith("/let-in"):
            found["login"] = SHUT_OUT
        if route.path.endswith("/stop"):
            found["run_id"] = names["waiting"]
        return found

    @contextmanager
    def copy(self, folder: Path) -> Iterator["Stage"]:
        """The same stage on a database of its own."""
        copied = copies.copy(self.world, folder)
        yield replace(self, world=copied)
        copied.platform.database.close()

    @contextmanager
    def opened(self) -> Iterator["Door"]:
        """The application over this stage."""
        desk = service.desk_of(self.world)
        app = create_app(desk, {}, sweep=False)
        with TestClient(app, base_url=service.ADDRESS, follow_redirects=False) as client:
            yield Door(self, app, client)
        desk.queue.close()


@dataclass(frozen=True)
class Door:
    """Asks the application in somebody's name."""

    stage: Stage
    app: FastAPI
    client: TestClient

    def ask(self, route: Route, who: str, rule: Rule | str, *, reading: bool = False):
        """The reply to one request; `who` is "" for nobody."""
        self.client.cookies.clear()
        headers: dict[str, str] = {}
        mine = {**self.stage.names, "me": who}
        body: dict = rule.body(mine) if isinstance(rule, Rule) and rule.body else {}
        by_token = route.path.startswith("/api/")
        if who and by_token:
            known = self.stage.people[who]
            headers = known.reading if reading else known.token
        elif who:
            self.client.cookies.update(self.stage.people[who].cookies)
            if route.method == "POST":
                body = {**body, "data": {"csrf": self.csrf(), **body.get("data", {})}}
        names = {**self.stage.names, **self.stage.names_of(route)}
        reply: httpx.Response = self.client.request(
            route.method, route.at(names), headers=headers, **body
        )
        return reply

    def csrf(self) -> str:
        """What this browser's forms carry."""
        found = _CSRF.search(self.client.get("/account").text)
        assert found is not None
        return found[1]


def _login(organisation: str) -> str:
    return f"member.of.{organisation}"


def _token_id(world: worlds.World, organisation: str) -> str:
    actor = Actor(organisation, ROLES[organisation], _login(organisation))
    with world.platform.database.read() as session:
        return tokens.own(session, world.platform, actor)[0].id


def _credentials(world: worlds.World, name: str, role: str) -> Credentials:
    token = service.token(world, name, role)
    reading = service.token(world, name, role, scopes=("read",))
    with world.platform.database.write() as session:
        link = people.new_link(session, world.platform, worlds.OPERATOR, _login(name))
    # A new link ends what was there before, tokens aside.
    return Credentials(token, reading, service.signed_in(world, link))
