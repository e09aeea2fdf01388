import time
from dataclasses import replace

import pytest

from sandbox.container.reaper import reap
from sandbox.errors import EngineUnavailable
from tests.twins.runtime import MemoryRuntime


@pytest.fixture
def runtime():
    return MemoryRuntime()


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


def test_again_finds_nothing(runtime, spec):
    runtime.create(spec)
    assert len(reap(runtime, "o1", lambda *_: False)) == 1
    assert reap(runtime, "o1", lambda *_: False) == []


def test_no_engine_is_said(runtime):
    runtime.away = True
    with pytest.raises(EngineUnavailable):
        reap(runtime, "o1", _never)
