import time
from dataclasses import replace

import pytest

from sandbox.container.reaper import reap
from sandbox.errors import EngineUnavailable, PlatformFault
from tests.twins.runtime import MemoryRuntime


@pytest.fixture
def runtime():
    return MemoryRuntime()


@pytest.fixture
def spec(spec):
    return replace(spec, deadline=time.time() + 60)


def _never(run, attempt):
    raise AssertionError("nobody was to be asked")


def test_removes_what_is_not_live_and_nothing_else(runtime, spec):
    for run, attempt in (("r1", 1), ("r1", 2), ("r2", 1)):
        runtime.start(runtime.create(replace(spec, run=run, attempt=attempt)))
    removed = reap(runtime, "o1", lambda run, attempt: (run, attempt) == ("r1", 2))
    assert sorted(removed) == ["assay-r1-1", "assay-r2-1"]
    assert [found.name for found in runtime.list("o1")] == ["assay-r1-2"]


def test_leaves_other_owners_alone(runtime, spec):
    runtime.create(replace(spec, owner="o2"))
    assert reap(runtime, "o1", _never) == []
    assert len(runtime.list("o2")) == 1


def test_a_container_of_our_tools_goes_after_its_deadline(runtime, spec):
    now = time.time()
    runtime.create(replace(spec, run="tool-1", deadline=now - 60))
    runtime.create(replace(spec, run="tool-2", deadline=now + 60))
    assert reap(runtime, "o1", _never) == ["assay-tool-1-2"]


def test_a_run_that_is_in_no_record_is_named_and_left_alone(runtime, spec, caplog):
    runtime.create(replace(spec, deadline=time.time() - 3600))
    assert reap(runtime, "o1", lambda *_: None) == []
    assert len(runtime.list("o1")) == 1
    assert f"left alone container={spec.name}" in caplog.text


def test_a_live_run_does_not_outlive_its_deadline(runtime, spec):
    late, in_time = replace(spec, run="r1"), replace(spec, run="r2")
    runtime.create(replace(late, deadline=time.time() - 31))
    runtime.create(replace(in_time, deadline=time.time() - 20))
    assert reap(runtime, "o1", lambda *_: True) == [late.name]


def test_both_containers_of_a_run_go(runtime, spec):
    specs = [replace(spec, phase=phase) for phase in ("generate", "score")]
    for one in specs:
        runtime.start(runtime.create(one))
    assert reap(runtime, "o1", lambda *_: False) == [f"{spec.name}", f"{spec.name}-score"]


def test_one_that_stays_keeps_no_other(runtime, spec, monkeypatch):
    stubborn = runtime.create(replace(spec, run="r1"))
    runtime.create(replace(spec, run="r2"))
    remove = runtime.remove

    def refuse(container):
        if container == stubborn:
            raise PlatformFault("engine_refused")
        remove(container)

    monkeypatch.setattr(runtime, "remove", refuse)
    assert reap(runtime, "o1", lambda *_: False) == [replace(spec, run="r2").name]


def test_again_finds_nothing(runtime, spec):
    runtime.create(spec)
    assert len(reap(runtime, "o1", lambda *_: False)) == 1
    assert reap(runtime, "o1", lambda *_: False) == []


def test_no_engine_is_said(runtime):
    runtime.away = True
    with pytest.raises(EngineUnavailable):
        reap(runtime, "o1", _never)
