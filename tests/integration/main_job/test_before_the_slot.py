"""Before the slot an auditor sees the clock and nothing else, whatever the model says.

The same reserved run is carried out several times, on copies of one data folder and in real
containers, by a vendor whose model answers otherwise each time. At each stage every address that
the auditor can ask for is fetched, at one and the same moment of the clock: all bytes are equal.
"""

import threading
from dataclasses import dataclass, replace

import pytest

from harness.records import parties, runs
from harness.services.access import Actor
from harness.services.agreements import drafts
from harness.services.agreements.terms import Terms
from harness.services.release import execute
from tests.integration.gateway.scripted_vendor import ScriptedVendor, completion
from tests.support import copies, onlooker, selftested
from tests.support import world as worlds
from tests.support.onlooker import Onlooker, View
from tests.support.scripted import right
from tests.support.waiting import until

SAMPLES = 20
CALLS = 4
ENDED = {"RECONCILING", "FAILED", "INVALID_SUITE", "INVALID_INFRA", "OVER_BUDGET"}
SLOT_IS_OVER_S = 1200.0
# The slot is far away: no test waits for it, and every copy may start when it comes to it.
TERMS = Terms(
    run_wall_clock_s=120, start_within_s=900, grid_s=10, runs=1, release="fixed", concurrency=CALLS
)
LOOKS_S = 20.0


async def wrong(wire, seen):
    await wire.respond("200 OK", completion("A: 1000000", completion_tokens=90))


async def rambling(wire, seen):
    await wire.respond("200 OK", completion("word " * 5000, completion_tokens=400))


async def spending(wire, seen):
    """Say that a reply cost more than the whole budget: the run ends long before its slot."""
    await wire.respond("200 OK", completion("A: 1", completion_tokens=100_000_000))


def held(step):
    """Answer by `step`, but only once the test lets all calls go."""

    async def waiting(wire, seen):
        await wire.released.wait()
        await step(wire, seen)

    return waiting


MODELS = {
    "right": right,
    "wrong": wrong,
    "rambling": rambling,
    "spending": spending,
}


@dataclass(frozen=True)
class Start:
    """A world at rest with a reserved run, and who looks at it."""

    world: worlds.World
    run: str
    who: Onlooker
    at: float


@pytest.fixture
def start(tmp_path, image_id):
    world = worlds.make(tmp_path / "origin")
    world.image(image_id)
    selftested.remember(world.platform, image_id)
    world.model()
    digest = world.suite(worlds.suite_files(worlds.simple_questions(SAMPLES)))
    protocol = world.agree(digest, TERMS)
    run = world.reserve(protocol)
    with world.platform.database.read() as session:
        at = runs.get(session, run).reserved_at + LOOKS_S
    with world.platform.database.write() as session:
        draft = drafts.make(
            session, world.platform, Actor(worlds.AUDITOR, "auditor"), digest, worlds.MODEL, TERMS
        )
    names = {"run_id": run, "protocol_id": protocol, "draft_id": draft.id, "digest": digest}
    return Start(world, run, onlooker.signed_in(world, **names), at)


class Carried:
    """One copy of the start, carried out by one model; `look` is what the auditor sees of it."""

    def __init__(self, start: Start, folder, step) -> None:
        self.start = start
        self.vendor = ScriptedVendor(default=held(step))
        self.late_s = 0.0
        copied = copies.copy(start.world, folder, run_root=start.world.platform.settings.run_root)
        clock = copied.platform.clock
        self.platform = replace(copied.platform, clock=lambda: clock() + self.late_s)
        with self.platform.database.write() as session:
            parties.model(session, worlds.MODEL).base_url = self.vendor.base_url
        self.thread = threading.Thread(target=execute.execute, args=(self.platform, start.run))

    def look(self) -> View:
        """What is seen at the one moment."""
        frozen = replace(self.platform, clock=lambda: self.start.at)
        return self.start.who.look(worlds.World(frozen))

    def state(self) -> str:
        with self.platform.database.read() as session:
            return runs.get(session, self.start.run).state

    def carry(self) -> dict[str, dict]:
        """What the auditor sees while the model is asked, and when it has answered everything."""
        self.thread.start()
        until(lambda: self.vendor.in_flight >= CALLS, 60, "calls to the vendor")
        seen = {"running": self.look()}
        self.vendor.release()
        until(lambda: self.state() in ENDED, 60, "an end before the slot")
        return seen | {"done": self.look()}

    def close(self) -> None:
        # Past the slot: whoever waits for it need wait no longer.
        self.late_s = SLOT_IS_OVER_S
        self.vendor.release()
        if self.thread.ident is not None:
            self.thread.join(60)
        self.vendor.stop()
        self.platform.database.close()


def test_the_auditor_sees_nothing_but_the_clock(start, tmp_path):
    before, ends = None, set()
    for name, step in MODELS.items():
        carried = Carried(start, tmp_path / name, step)
        try:
            seen = {"queued": carried.look()} | carried.carry()
            ends.add(carried.state())
        finally:
            carried.close()
        if before is None:
            before = seen
        for stage, replies in seen.items():
            for address, reply in replies.items():
                assert reply == before["queued"][address], (name, stage, address)
    # What happened inside was not the same at all.
    assert len(ends) > 1
    assert any(reply[0] == 200 for reply in before["queued"].values())


def test_whoever_may_look_inside_sees_the_difference(start, tmp_path):
    """The control: the same looking finds a difference where there is one to be found."""
    named = start.who.names
    inside = onlooker.signed_in(start.world, organisation=worlds.VENDOR, role="vendor", **named)
    vendor = replace(start, who=inside)
    carried = Carried(vendor, tmp_path / "seen", right)
    try:
        before = carried.look()
        after = carried.carry()["done"]
    finally:
        carried.close()
    run = start.run
    for address in (f"/api/v1/runs/{run}", f"/runs/{run}"):
        assert before[address] != after[address]
