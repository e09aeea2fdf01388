"""The main job three ways, by settings alone: the same levels, the same bits, the same proof."""

import re

import pytest

from tests.integration.gateway.scripted_vendor import completion
from tests.integration.worker.rig import SAMPLES, TERMS, Rig
from tests.support import selftested
from tests.support.scripted import prompt_of
from tests.support.servers.process import PASSWORD
from tests.support.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.slow]

# Of the sums 1, 3, 5 … 39 thirteen are right, which is shown in steps of five samples of twenty.
LEVEL, SHOWN = 3, "0.750"
# log2 of five levels and a failure, at any of 121 slots.
BITS = "9.504"


async def nearly(wire, seen):
    """A model that is wrong about every sum that three divides."""
    total = sum(map(int, re.findall(r"\d+", prompt_of(seen))))
    await wire.respond("200 OK", completion(f"A: {total if total % 3 else 0}"))


@pytest.fixture
def rig(tmp_path, image_id, way):
    rig = Rig(tmp_path, image_id, **way)
    selftested.remember(rig.platform, image_id)
    rig.vendor.default = nearly
    yield rig
    rig.close()
    if rig.log.exists():
        # For the report of a test that failed.
        print(rig.log.read_text(errors="replace")[-5000:])  # noqa: T201


def test_the_main_job(rig):
    rig.start()
    until(lambda: rig.seen_workers() == 1, 60, "a worker")
    run_id = rig.start_run(rig.world.agree(rig.suite, TERMS))
    rig.wait_for(run_id, "RELEASED")
    rig.check_released(run_id)
    assert len(rig.vendor.seen) == SAMPLES
    report = rig.report(run_id)
    assert [(each["level"], each["shown"]) for each in report["metrics"]] == [(LEVEL, SHOWN)]
    assert report["disclosure"]["bits"] == BITS
    assert report["run"]["attempt_line"] == [{"ordinal": 1, "outcome": "RELEASED"}]
    assert PASSWORD not in rig.log.read_text()
