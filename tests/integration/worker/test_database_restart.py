"""A database that dies in the middle of a run: a short while costs nothing, a long one the run."""

import pytest

from harness.errors import Unavailable
from tests.integration.worker.rig import Rig
from tests.support import selftested
from tests.support.servers import postgresql
from tests.support.servers.process import PASSWORD
from tests.support.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@pytest.fixture
def server():
    with postgresql.postgresql() as server:
        yield server


@pytest.fixture
def rig(tmp_path, image_id, server):
    rig = Rig(tmp_path, image_id, database_url=server.fresh())
    selftested.remember(rig.platform, image_id)
    yield rig
    rig.close()
    # For the report of a test that failed.
    print(rig.log.read_text(errors="replace")[-5000:])  # noqa: T201


@pytest.fixture
def under_way(rig, protocol):
    """A run whose calls wait at the vendor."""
    rig.start()
    run_id = rig.start_run(protocol)
    rig.wait_until_asked(1)
    return run_id


def test_a_database_that_is_back_at_once_costs_no_run(rig, server, under_way):
    server.kill()
    with pytest.raises(Unavailable):
        rig.run(under_way)
    server.start()
    rig.vendor.release()
    rig.wait_for(under_way, "RELEASED")
    rig.check_released(under_way)
    assert PASSWORD not in rig.log.read_text()


def test_a_run_whose_lease_cannot_be_kept_ends_and_the_next_works(rig, server, under_way, protocol):
    server.kill()
    # The worker gives up by itself: nobody could see what it does.
    until(lambda: not rig.containers(), 60, "the container gone")
    until(lambda: not rig.run_dirs(), 60, "the run directory gone")
    server.start()
    run = rig.wait_for(under_way, "FAILED")
    assert run.category == "worker_lost"
    rig.check_nothing_was_released(under_way)
    assert rig.entries(under_way) == ["charge"]

    rig.vendor.release()
    second = rig.start_run(protocol)
    rig.wait_for(second, "RELEASED")
    rig.check_released(second)
    assert PASSWORD not in rig.log.read_text()
