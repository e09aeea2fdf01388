"""What the engine holds, held against the records: real containers, each of another standing."""

import json
import secrets
import time
from dataclasses import replace

import pytest

from harness.records import runs
from harness.records.base import Act
from harness.services.platform import images
from harness.services.runs import reconcile
from harness.services.states import Run
from sandbox.container.docker import DockerRuntime
from sandbox.spec import ContainerSpec
from tests.support.waiting import until

pytestmark = pytest.mark.docker
ACT = Act("tester", "test", 1.0)


@pytest.fixture
def runtime(rig):
    runtime = DockerRuntime()
    yield runtime
    for owner in (images.owner(rig.platform), other(rig)):
        for found in runtime.list(owner):
            runtime.remove(found.id)


def other(rig):
    return images.owner(rig.platform)[::-1]


@pytest.fixture
def contain(rig, runtime, image_id, tmp_path):
    def contain(run, attempt=1, **changes):
        spec = ContainerSpec(
            run=run, attempt=attempt, owner=images.owner(rig.platform), image=image_id,
            slot=42_000, run_dir=tmp_path, deadline=time.time() + 60,
        )  # fmt: skip
        spec = replace(spec, **changes)
        runtime.create(spec)
        return spec.name

    return contain


def put(rig, protocol, state):
    """A run that is in a state, its lease good for a minute."""
    run_id = rig.start_run(protocol)
    with rig.database.write() as session:
        until_ = rig.platform.clock() + 60
        held = {"attempt": 1, "lease_until": until_, "holder": "elsewhere:1"}
        assert runs.move(session, run_id, Run.QUEUED, state, ACT, **held)
    return run_id


def test_only_what_is_known_and_over_is_removed(rig, protocol, runtime, contain, caplog):
    live, over = put(rig, protocol, Run.RUNNING), put(rig, protocol, Run.RECONCILING)
    unknown = secrets.token_hex(8)
    stays = {
        contain(live),
        contain(live, phase="score"),
        contain(unknown),
        # A deadline does not make it ours to judge.
        contain(unknown, attempt=2, deadline=time.time() - 3600),
        contain("tool-" + unknown),
    }
    gone = {
        contain(over),
        contain(over, phase="score"),
        contain(live, attempt=2),
        contain("tool-" + unknown, attempt=2, deadline=time.time() - 31),
    }
    foreign = contain(over, owner=other(rig), attempt=3)
    assert set(rig.containers()) == stays | gone

    reconcile.reconcile(rig.platform, runtime)
    assert set(rig.containers()) == stays
    assert [found.name for found in runtime.list(other(rig))] == [foreign]
    assert f"left alone container=assay-{unknown}-1" in caplog.text
    reconcile.reconcile(rig.platform, runtime)
    assert set(rig.containers()) == stays

    findings = {one["name"]: one for one in json.loads(rig.assay("doctor", "--json").stdout)}
    assert not findings["containers"]["ok"]
    assert "2 of no run" in findings["containers"]["detail"]
    for name in (f"assay-{unknown}-1", f"assay-{unknown}-2"):
        assert name in findings["containers"]["remedy"]
    assert live not in findings["containers"]["detail"]


def test_a_worker_begins_with_what_an_earlier_one_left(rig, protocol, contain):
    contain(put(rig, protocol, Run.RECONCILING))
    stays = contain(secrets.token_hex(8))
    left, kept = rig.run_root / "0123abcd", rig.run_root / "not-a-run"
    for folder in (left, kept):
        (folder / "suite").mkdir(parents=True)
    # What happens within the hour happens at the start.
    rig.start(ASSAY_SWEEP_S="600")
    until(lambda: rig.containers() == [stays] and rig.run_dirs() == [kept], 60, "all in order")
