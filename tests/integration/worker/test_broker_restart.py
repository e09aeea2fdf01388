"""A server broker that dies: runs go on, others wait, and nobody has to start a worker again."""

import time

import pytest

from tests.integration.worker.process_tree import alive
from tests.integration.worker.rig import Rig
from tests.support import selftested
from tests.support.servers import brokers
from tests.support.servers.process import PASSWORD
from tests.support.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@pytest.fixture(params=[brokers.redis, brokers.rabbitmq])
def broker(request):
    with request.param() as server:
        yield server


@pytest.fixture
def impatient():
    """RabbitMQ closes the channel of who keeps a message: after 30 minutes, and here at once."""
    terms = ("{consumer_timeout, 1000}", "{channel_tick_interval, 1000}")
    with brokers.rabbitmq(*terms) as server:
        yield server


@pytest.fixture
def rig(request, tmp_path, image_id):
    names = {"broker", "impatient"} & set(request.fixturenames)
    broker = request.getfixturevalue(names.pop())
    rig = Rig(tmp_path, image_id, broker_url=broker.url)
    selftested.remember(rig.platform, image_id)
    yield rig
    rig.close()
    # For the report of a test that failed.
    print(rig.log.read_text(errors="replace")[-5000:])  # noqa: T201


def test_a_worker_that_is_busy_for_long_keeps_its_runs(rig, impatient, protocol):
    tree = rig.start(ASSAY_WORKER_SLOTS="1")
    until(lambda: rig.seen_workers() == 1, 60, "a worker")
    under_way = rig.start_run(protocol)
    rig.wait_until_asked(1)
    celery = tree.celery
    waits = rig.start_run(protocol)

    diary = next((impatient.home / "log").glob("*localhost.log"))
    until(lambda: "timed out" in diary.read_text(), 60, "the channel closed")
    rig.vendor.release()
    for run_id in (under_way, waits):
        rig.wait_for(run_id, "RELEASED")
        rig.check_released(run_id)
    assert (tree.celery, alive(celery)) == (celery, True)


def test_a_killed_broker_costs_no_run_and_no_worker(rig, broker, protocol):
    tree = rig.start()
    until(lambda: rig.seen_workers() == 1, 60, "a worker")
    under_way = rig.start_run(protocol)
    rig.wait_until_asked(1)
    celery = tree.celery

    broker.kill()
    began = time.monotonic()
    waits = rig.start_run(protocol)
    assert time.monotonic() - began < 3
    rig.vendor.release()
    rig.wait_for(under_way, "RELEASED")
    rig.check_released(under_way)
    # It is written down, and nobody has been told.
    assert rig.run(waits).state == "QUEUED"

    broker.start()
    rig.wait_for(waits, "RELEASED")
    rig.check_released(waits)
    assert (tree.celery, alive(celery)) == (celery, True)
    assert PASSWORD not in rig.log.read_text()
