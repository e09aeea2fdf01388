"""The container engine is stopped: everything says so, runs wait or end, nothing is stuck."""

import json

import pytest

from tests.integration.worker.engine_door import EngineDoor, engine_socket
from tests.integration.worker.rig import SAMPLES, TERMS
from tests.support import world as worlds
from tests.support.service import acting, served
from tests.support.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.slow]

NOBODY = "unix:///nonexistent/docker.sock"
HELP = "start Docker"


def status(rig, run_id, organisation=worlds.VENDOR, role="vendor"):
    """A run as the command shows it to an organisation."""
    with served(rig.world) as url:
        environment = acting(rig.world, url, organisation, role)
        said = rig.assay("run", "status", run_id, "--json", **environment)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


@pytest.fixture
def door(rig, tmp_path):
    door = EngineDoor(tmp_path / "engine.sock", engine_socket())
    yield door
    door.shut()


def test_doctor_says_so_and_what_helps(rig):
    said = rig.assay("doctor", "--json", DOCKER_HOST=NOBODY)
    findings = {finding["name"]: finding for finding in json.loads(said.stdout)}
    assert said.returncode == 1
    assert not findings["engine"]["ok"]
    assert findings["engine"]["detail"] == "the container engine does not answer; runs wait"
    assert HELP in findings["engine"]["remedy"]
    # One thing that is away hides nothing else.
    assert findings["database"]["ok"]
    assert findings["log"]["ok"]
    # And for people; with the engine there, it is found.
    people = rig.assay("doctor")
    assert "Docker Engine" in people.stdout
    assert HELP not in people.stdout


def test_a_run_waits_says_why_and_expires_with_a_refund(rig, monkeypatch):
    protocol = rig.world.agree(rig.suite, TERMS.model_copy(update={"start_within_s": 30}))
    rig.start(DOCKER_HOST=NOBODY)
    until(rig.seen_workers, 60, "a worker")
    run_id = rig.start_run(protocol)
    # Claimed, found impossible, and given back: not once, but as often as it is nudged.
    until(lambda: rig.actions(run_id).count("wait for the platform") >= 2, 60, "two claims")
    monkeypatch.setenv("DOCKER_HOST", NOBODY)
    seen = status(rig, run_id)
    assert seen["outcome"] == "PENDING"
    assert seen["inside"]["state"] in {"QUEUED", "PREFLIGHT"}
    assert [hint for hint in seen["hints"] if "engine does not answer" in hint and HELP in hint]
    # The auditor learns the clock and nothing of the platform.
    theirs = status(rig, run_id, worlds.AUDITOR, "auditor")
    monkeypatch.undo()
    assert theirs["inside"] is None
    assert theirs["hints"] == []

    run = rig.wait_for(run_id, "EXPIRED", seconds=60)
    assert run.category == "engine_unavailable"
    assert run.started_at is None
    assert rig.entries(run_id) == ["charge", "refund"]
    until(lambda: [s.index for s in rig.statements("run-refund", run_id)] != [None], 60, "logged")
    assert rig.statements("run-end", run_id) == []
    rig.check_nothing_was_released(run_id)
    assert rig.run_dirs() == []
    assert status(rig, run_id)["outcome"] == "REFUNDED"


def test_a_run_that_waits_starts_when_the_engine_is_back(rig, protocol, door):
    door.shut()
    rig.vendor.release()
    run_id = rig.start_run(protocol)
    rig.start(DOCKER_HOST=door.host)
    until(lambda: "wait for the platform" in rig.actions(run_id), 60, "a claim in vain")
    door.open()
    rig.wait_for(run_id, "RELEASED")
    rig.check_released(run_id)


def test_an_engine_that_dies_in_the_middle_of_a_run(rig, protocol, door):
    rig.start(DOCKER_HOST=door.host)
    run_id = rig.start_run(protocol)
    # Every call is open, no reply has reached the guest: the slot comes back.
    rig.wait_until_asked(TERMS.concurrency)
    assert len(rig.containers()) == 1
    door.shut()
    run = rig.wait_for(run_id, "INVALID_INFRA", seconds=60)
    assert run.category == "engine_lost:container_gone"
    assert rig.entries(run_id) == ["charge", "refund"]
    rig.check_nothing_was_released(run_id)
    # The engine itself kept the container; nobody could remove it.
    assert len(rig.containers()) == 1
    door.open()
    until(lambda: not rig.containers(), 60, "the container removed when the engine is back")
    until(lambda: not rig.run_dirs(), 60, "the run directory removed")
    rig.vendor.release()
    asked = len(rig.vendor.seen)
    second = rig.start_run(protocol)
    rig.wait_for(second, "RELEASED")
    rig.check_released(second)
    assert len(rig.vendor.seen) == asked + SAMPLES
