"""The clock as a channel: what somebody sees who asks for the state of runs all the time.

Eight runs at once in real containers, whose programs take as long as their secret says, and an
auditor who polls over the network. No time is made up here.
"""

import threading
import time
from dataclasses import dataclass

import httpx
import pytest

from harness.records import runs
from harness.services.release import execute
from harness.services.runs import timing
from tests.hostile.game import protocols
from tests.integration.hostile import stage
from tests.support import selftested, service
from tests.support import world as worlds

pytestmark = [pytest.mark.docker, pytest.mark.slow]

SECRETS = range(4)
GRID_S = 2
# A program takes two seconds, and four more for each that its secret says; some run out of time.
SECOND_S = 4.0
START_S = 10
WALL_S = {"plain": 6, "completion": 14}
PAUSE_S = 0.1


@dataclass(frozen=True)
class Told:
    """What polling learnt of one run: when it was first not pending, and what it was then."""

    seconds: float
    outcome: str


class Poller:
    """An auditor's program that asks for every run, again and again."""

    def __init__(self, url: str, token: dict[str, str], names: list[str]) -> None:
        self._client = httpx.Client(base_url=url, headers=token)
        self._open, self.told = list(names), {}

    def poll(self) -> None:
        """Go on until none is pending."""
        pause, give_up = threading.Event(), time.monotonic() + 120
        while self._open:
            assert time.monotonic() < give_up, "runs that stay pending"
            for run in list(self._open):
                found = self._client.get(f"/api/v1/runs/{run}").raise_for_status().json()
                if found["outcome"] != "PENDING":
                    self.told[run] = Told(time.time(), found["outcome"])
                    self._open.remove(run)
            pause.wait(PAUSE_S)
        self._client.close()


@dataclass(frozen=True)
class Seen:
    """A run as it stands in the end, and what polling learnt of it."""

    row: runs.Run
    told: Told


@pytest.fixture(scope="module")
def seen(hostile_image, tmp_path_factory) -> dict[str, list[Seen]]:
    world = worlds.make(
        tmp_path_factory.mktemp("clock") / "data", worker_slots=8, one_vendor_per_host=False
    )
    world.image(hostile_image)
    selftested.remember(world.platform, hostile_image)
    models = [stage.Model(f"sleep/{SECOND_S} {secret:02b}") for secret in SECRETS]
    for secret, model in enumerate(models):
        world.model(model.vendor.base_url, name=f"model-{secret}")
    digests = {name: protocols.submit(world, name) for name in ("plain", "completion")}
    service.member(world, worlds.AUDITOR)
    token = service.token(world, worlds.AUDITOR, "auditor")
    agreed = {
        (name, secret): protocols.agree(
            world,
            name,
            digest,
            f"model-{secret}",
            start_within_s=START_S,
            run_wall_clock_s=WALL_S[name],
            grid_s=GRID_S,
        )
        for name, digest in digests.items()
        for secret in SECRETS
    }
    reserved = {key: world.reserve(protocol) for key, protocol in agreed.items()}
    workers = [
        threading.Thread(target=execute.execute, args=(world.platform, run))
        for run in reserved.values()
    ]
    with service.served(world) as url:
        for worker in workers:
            worker.start()
        poller = Poller(url, token, list(reserved.values()))
        poller.poll()
        for worker in workers:
            worker.join(60)
    for model in models:
        model.vendor.stop()
    found = {name: [] for name in digests}
    with world.platform.database.read() as session:
        for (name, _), run in reserved.items():
            found[name].append(Seen(runs.get(session, run), poller.told[run]))
    world.platform.database.close()
    return found


def test_with_a_fixed_slot_nothing_is_seen_before_it(seen):
    for one in seen["plain"]:
        assert one.told.seconds >= one.row.slot_at


def test_with_a_fixed_slot_there_is_one_time_for_all_secrets(seen):
    """The slot follows from the reservation, and that is all that a report says of time."""
    for one in seen["plain"]:
        reserved = one.row.reserved_at
        due = timing.plan(reserved, START_S, WALL_S["plain"], GRID_S, fixed=True).slot_at
        assert one.row.visible_at == one.row.slot_at == due


def test_on_completion_the_time_tells_no_more_than_was_charged(seen):
    """How many grid points after its reservation a run is seen: that is what an auditor learns."""
    steps = set()
    for one in seen["completion"]:
        assert one.told.seconds >= one.row.visible_at
        first = timing.up_to_grid(one.row.reserved_at, GRID_S)
        steps.add((one.row.visible_at - first) // GRID_S)
    # The same report without a choice of time is charged so many times less: whoever is seen at
    # any other moment than one of these has told more than was paid for.
    (alphabet,) = {int(one.row.alphabet) for one in seen["completion"]}
    (levels,) = {int(one.row.alphabet) for one in seen["plain"]}
    slots, rest = divmod(alphabet, levels)
    assert rest == 0
    assert steps <= set(range(slots))
    # The control: there is such a channel, and somebody who polls hears it.
    assert len(steps) > 1
