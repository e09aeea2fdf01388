"""A worker's own end: asked for, or not."""

import pytest

from tests.integration.worker.process_tree import alive, children, descendants, kill
from tests.integration.worker.rig import ASKED
from tests.support.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def test_a_run_in_its_course_ends_before_a_worker_that_is_stopped(rig, protocol):
    tree = rig.start()
    run_id = rig.start_run(protocol)
    rig.wait_until_asked(1)
    below = descendants(tree.supervisor)
    assert rig.limits() == [ASKED]
    assert len(below) >= 4  # Celery, its two processes, the gateway
    rig.vendor.release()
    assert tree.stop(25) == 0
    assert not [pid for pid in below if alive(pid)]
    rig.check_released(run_id)
    assert rig.containers() == []
    assert rig.run_dirs() == []


@pytest.mark.parametrize("moment", ["starting", "ready"])
def test_celery_ends_with_a_supervisor_that_is_killed(rig, moment):
    tree = rig.start()
    celery = until(lambda: tree.celery, 60, "the Celery process")
    if moment == "ready":
        until(lambda: children(celery), 60, "the processes below it")
    below = descendants(tree.supervisor)
    kill(tree.supervisor)
    until(lambda: not [pid for pid in below if alive(pid)], 60, "the Celery processes gone")
