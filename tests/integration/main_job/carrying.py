"""Carrying runs out in the test's own process, and looking at what came of them."""

import json
import time
from dataclasses import replace

from harness.records import runs
from harness.services.access import Actor
from harness.services.parties import registry
from harness.services.publication import bundles
from harness.services.release import execute
from harness.services.runs import view
from harness.tlog.verify import verify
from tests.support import world as worlds
from tests.support.world import World

REGULATOR = Actor(worlds.REGULATOR, "regulator")


def carry(world: World, run_id: str) -> list[int]:
    """Execute a run to its end; the exact totals before the gate, empty without scores."""
    totals: list[int] = []

    def observe(_cells, found):
        totals.extend(int(part) for total in found for part in total)

    execute.execute(world.platform, run_id, observe=observe)
    world.settle()
    return totals


def at(world: World, seconds: float) -> World:
    """The same world, looked at from another time: so many seconds from now."""
    clock = world.platform.clock
    return World(replace(world.platform, clock=lambda: clock() + seconds), world.keys)


def row(world: World, run_id: str) -> runs.Run:
    with world.platform.database.read() as session:
        return runs.get(session, run_id)


def seen_by(world: World, name: str, run_id: str) -> view.View:
    with world.platform.database.read() as session:
        return view.view(session, world.platform, registry.actor(session, name), run_id)


def report(world: World, run_id: str) -> dict:
    with world.platform.database.read() as session:
        return json.loads(bundles.report_of(session, world.platform, REGULATOR, run_id))


def verified(world: World, run_id: str) -> bool:
    """Whether the bundle of a run passes every check, with the trust root pinned."""
    with world.platform.database.read() as session:
        bundle = bundles.bundle_of(session, world.platform, REGULATOR, run_id)
    return verify(bundle, world.platform.trust_root_digest).passed


def last_slot(world: World, run_id: str) -> float:
    """Seconds from now until a fixed slot has passed."""
    return row(world, run_id).slot_at - time.time() + 1
