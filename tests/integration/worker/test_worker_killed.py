"""A worker that is killed in the middle of a run: the run ends by itself, and nothing leaves."""

import pytest

from tests.integration.worker.process_tree import alive, children, command, kill, parent
from tests.integration.worker.rig import SAMPLES
from tests.support.scripted import right
from tests.support.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.slow]

ANSWERED = 5


def celery_child(rig, run_id):
    """The process that carries the run out: it writes its id into the run's row."""
    return int(rig.run(run_id).worker.split(":")[1])


def kill_child(rig, tree, run_id):
    kill(celery_child(rig, run_id))
    return False


def kill_celery(rig, tree, run_id):
    assert tree.celery == parent(celery_child(rig, run_id))
    kill(tree.celery)
    return False


def kill_everything(rig, tree, run_id):
    tree.kill()
    return True


@pytest.mark.parametrize("killing", [kill_child, kill_celery, kill_everything])
def test_a_killed_worker_leaves_nothing_and_a_new_run_works(rig, protocol, killing):
    rig.vendor.plays(*[right] * ANSWERED)
    tree = rig.start()
    run_id = rig.start_run(protocol)
    # Some answers are in the guest, others are on their way: the middle of the run.
    rig.wait_until_asked(ANSWERED + 1)
    assert rig.run(run_id).state == "RUNNING"
    child = celery_child(rig, run_id)
    gateways = [pid for pid in children(child) if "sandbox.gateway" in command(pid)]
    assert len(gateways) == len(rig.containers()) == len(rig.run_dirs()) == 1

    if killing(rig, tree, run_id):
        assert rig.run(run_id).state == "RUNNING"
        rig.start()

    until(lambda: not alive(child), 60, "the worker's process gone")
    until(lambda: not alive(gateways[0]), 60, "the gateway gone")
    run = rig.wait_for(run_id, "FAILED")
    assert run.category == "worker_lost"
    until(lambda: not rig.containers(), 60, "the container removed")
    until(lambda: not rig.run_dirs(), 60, "the run directory removed")
    rig.check_nothing_was_released(run_id)
    assert rig.entries(run_id) == ["charge"]
    until(lambda: [end.index for end in rig.statements("run-end", run_id)] != [None], 60, "its end")
    asked = len(rig.vendor.seen)

    rig.vendor.release()
    second = rig.start_run(protocol)
    rig.wait_for(second, "RELEASED")
    rig.check_released(second)
    # Nothing of the first run was asked again.
    assert len(rig.vendor.seen) == asked + SAMPLES
    rig.check_nothing_was_released(run_id)
    rig.check_log()
