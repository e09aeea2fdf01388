"""Object authorisation: every route, every role, own and foreign objects, and nobody at all.

Whoever asks is one of: the auditor and the vendor of the objects, an auditor and a vendor that
have nothing to do with them, a regulator, the operator, a program that may only read, nobody.
What is refused changes nothing: the database is compared before and after.
"""

import hashlib
import sqlite3

import pytest

from harness.services.access import READ, Actor, can
from tests.properties.authorisation.page_rules import PAGES
from tests.properties.authorisation.rules import API, PUBLIC, SIGNED_IN, Rule
from tests.properties.authorisation.stage import Stage
from tests.support import crawl
from tests.support import world as worlds
from tests.support.programs import RIVAL, STRANGER

RULES = API | PAGES
PROBES = {crawl.Route("GET", "/health/live"), crawl.Route("GET", "/health/ready")}
NOBODY = ""
READER = f"{worlds.AUDITOR} (reading)"
ACTORS = {
    worlds.AUDITOR: Actor(worlds.AUDITOR, "auditor"),
    worlds.VENDOR: Actor(worlds.VENDOR, "vendor"),
    STRANGER: Actor(STRANGER, "auditor"),
    RIVAL: Actor(RIVAL, "vendor"),
    worlds.REGULATOR: Actor(worlds.REGULATOR, "regulator"),
    "operator": Actor("operator", "operator"),
    READER: Actor(worlds.AUDITOR, "auditor", scopes=frozenset({READ})),
}


def expected(rule: Rule | str, actor: Actor | None) -> str:
    """What must come of it: done, unknown, forbidden, or sign in first."""
    if rule == PUBLIC:
        return "done"
    if actor is None:
        return "sign in"
    if rule == SIGNED_IN:
        return "done"
    if actor.organisation in rule.lost:
        return "unknown"
    thing = rule.thing(actor)
    if can(actor, rule.action, thing):
        return "done"
    return "forbidden" if rule.new or can(actor, "read", thing) else "unknown"


def outcome(route, reply) -> str:
    """What came of it. A refusal for what was sent, or for the state, passed the guard."""
    to_sign_in = reply.status_code == 303 and reply.headers["location"].startswith("/sign-in")
    # Whoever signs out is asked to sign in again, and that is what they wanted.
    if reply.status_code == 401 or (to_sign_in and route.path != "/sign-out"):
        return "sign in"
    return {404: "unknown", 403: "forbidden"}.get(reply.status_code, "done")


def state(stage: Stage) -> str:
    """A digest of everything the database holds, except counts of attempts."""
    with sqlite3.connect(stage.world.platform.database.engine.url.database) as connection:
        lines = [line for line in connection.iterdump() if not line.startswith('INSERT INTO "att')]
    connection.close()
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    built = Stage.built(tmp_path_factory.mktemp("stage"))
    yield built
    built.world.platform.database.close()


def cases():
    """Every route with everybody who can ask for it."""
    for route, rule in RULES.items():
        program = route.path.startswith("/api/")
        for who, actor in ACTORS.items():
            if program or who != READER:
                yield route, rule, who, actor
        yield route, rule, NOBODY, None


def test_no_route_is_left_out(stage):
    with stage.opened() as door:
        assert set(crawl.routes(door.app)) == {*RULES, *PROBES}


def test_what_is_refused_is_refused_and_changes_nothing(stage):
    refused = [case for case in cases() if expected(case[1], case[3]) != "done"]
    assert len(refused) > len(RULES)
    before = state(stage)
    with stage.opened() as door:
        wrong = [
            (*route, who, found)
            for route, rule, who, actor in refused
            if (found := outcome(route, ask(door, route, rule, who))) != expected(rule, actor)
        ]
    assert wrong == []
    assert state(stage) == before


def test_what_may_be_read_can_be_read(stage):
    with stage.opened() as door:
        wrong = [
            (*route, who, reply.status_code)
            for route, rule, who, actor in cases()
            if route.method == "GET" and expected(rule, actor) == "done"
            for reply in (ask(door, route, rule, who),)
            # Who is signed in is led on from the page that asks for that.
            if reply.status_code != 200 and not (route.path == "/sign-in" and who)
        ]
    assert wrong == []


def test_what_may_be_done_passes_the_guard(stage, tmp_path):
    wrong = []
    for number, (route, rule, who, actor) in enumerate(cases()):
        if route.method == "GET" or expected(rule, actor) != "done":
            continue
        with stage.copy(tmp_path / str(number)) as copied, copied.opened() as door:
            reply = ask(door, route, rule, who)
            if outcome(route, reply) != "done" or reply.status_code >= 500:
                wrong.append((*route, who, reply.status_code))
    assert wrong == []


def ask(door, route, rule, who):
    """The reply to one of `ACTORS`, or to nobody."""
    reading = who == READER
    return door.ask(route, worlds.AUDITOR if reading else who, rule, reading=reading)
