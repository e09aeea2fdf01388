"""A world with a proposed and an active protocol, and browsers that are signed in to it."""

from pathlib import Path
from typing import NamedTuple

from harness.records import suites
from harness.services.access import Actor
from harness.services.agreements import agree
from harness.services.agreements.terms import build
from tests.support import world as worlds
from tests.support.copies import copy
from tests.support.programs import RIVAL, STRANGER
from tests.support.visits import Visits, visits
from tests.support.world import World

SCRIPT = "<script>alert(1)</script>"
READERS = (worlds.AUDITOR, worlds.VENDOR, worlds.REGULATOR, "operator")
OUTSIDERS = (worlds.AUDITOR, worlds.REGULATOR)
STRANGERS = (STRANGER, RIVAL)
TERMS = build(
    {
        "title": f"Sums {SCRIPT}",
        "runs": 2,
        "run_wall_clock_s": 600,
        "claim": {
            "sentence": f"It adds {SCRIPT}",
            "decision": {"metric": "accuracy", "threshold": "0.5", "margin": "0.05"},
        },
    }
)


class Agreements(NamedTuple):
    """Digest of the suite, ids of the protocols, and the cookies of who is signed in."""

    world: World
    cookies: dict[str, str]
    suite: str
    active: str
    proposed: str


class Found(NamedTuple):
    """What the operator finds of a protocol."""

    state: str
    digest: str
    body: bytes


def make(peopled: World, folder: Path) -> Agreements:
    """Copy a world with people and let two of its organisations agree."""
    world = copy(peopled, folder)
    with world.platform.database.read() as session:
        suite = session.query(suites.Suite.digest).scalar()
    active = world.agree(suite, TERMS)
    proposed = world.propose(world.draft(suite, TERMS))
    with visits(world) as browse:
        for who in (*READERS, *STRANGERS):
            browse.headers(who)
    return Agreements(world, browse.cookies, suite, active, proposed)


def found(browse: Visits, protocol: str) -> Found:
    """A protocol as it is stored now."""
    with browse.world.platform.database.read() as session:
        row = agree.find(session, Actor("operator", "operator"), protocol)
        return Found(row.state, row.digest, agree.body(session, row))
