"""Two workers of one host want runs of different models at once: exactly one gets its own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from harness.records import runs
from harness.records.base import Act
from harness.records.database import Database
from harness.services.agreements.terms import Terms
from harness.services.runs.claim import claim
from harness.services.states import Run
from tests.support import world as worlds

TERMS = Terms(run_wall_clock_s=20, start_within_s=600, grid_s=10, runs=2)
NAMES = (worlds.MODEL, "other")
TRIALS = 20


@pytest.fixture
def prepared(tmp_path, database_url):
    world = worlds.make(tmp_path / "data", database_url=database_url, worker_slots=4)
    world.image()
    world.model()
    world.model(name=NAMES[1])
    digest = world.suite(worlds.suite_files(worlds.simple_questions(40)))
    queued = [world.reserve(world.agree(digest, TERMS, name)) for name in NAMES]
    with world.platform.database.write() as session:
        # Neither has waited longer: what decides is who is there first.
        for run_id in queued:
            runs.get(session, run_id).category = "given_back"
    yield world.platform, queued
    world.platform.database.close()


def give_back(platform, claims):
    act = Act("tester", "again", 1.0)
    with platform.database.write() as session:
        for held in claims:
            assert runs.move(
                session, held.run.id, Run.PREFLIGHT, Run.QUEUED, act,
                worker_slot=None, lease_until=None, category="given_back",
            )  # fmt: skip


@pytest.mark.parametrize(("alone", "most"), [(True, 1), (False, 2)], ids=["alone", "shared"])
def test_exactly_one_of_two_models_gets_the_host(prepared, database_url, alone, most):
    platform, queued = prepared
    settings = platform.settings.model_copy(update={"one_vendor_per_host": alone})
    # A connection pool each, as processes have.
    hosts = [replace(platform, settings=settings, database=Database(database_url)) for _ in NAMES]
    meet = threading.Barrier(len(NAMES))

    def one(number):
        meet.wait(30)
        return claim(hosts[number], queued[number])

    with ThreadPoolExecutor(len(NAMES)) as pool:
        for _ in range(TRIALS):
            won = [held for held in pool.map(one, range(len(NAMES))) if held is not None]
            assert len(won) == most
            give_back(platform, won)
    for host in hosts:
        host.database.close()
