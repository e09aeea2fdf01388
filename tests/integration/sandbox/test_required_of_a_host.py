"""What an operator requires of a host, held against the real engine."""

from dataclasses import replace

import pytest

from harness.services.platform import machine, selftests
from sandbox.container.docker import DockerRuntime
from sandbox.errors import ControlMissing
from tests.support import selftested
from tests.support import world as worlds

pytestmark = pytest.mark.docker


@pytest.fixture
def world(tmp_path, image_id):
    made = worlds.make(tmp_path / "data")
    made.image(image_id)
    selftested.remember(made.platform, image_id)
    yield made
    made.platform.database.close()


def requiring(world, words):
    settings = world.platform.settings.model_copy(update={"sandbox_require": words})
    return replace(world.platform, settings=settings)


def test_a_requirement_that_is_not_met_refuses_every_run_and_is_named(world, image_id):
    """The control: without it the same image passes."""
    assert selftests.ensure(world.platform, image_id, beat=lambda: None)
    for word in ("runtime:kata", "min_runc:99.0"):
        strict = requiring(world, f"{word}")
        with pytest.raises(ControlMissing) as caught:
            selftests.ensure(strict, image_id, beat=lambda: None)
        assert caught.value.code == "requirement_unmet"
        finding = machine.required(strict.settings)
        assert not finding.ok
        assert word in finding.detail
        assert finding.remedy


def test_what_this_host_has_is_met(world, image_id):
    met = f"min_runc:{DockerRuntime().facts().runc.partition('+')[0]},runtime:runc"
    strict = requiring(world, met)
    assert machine.required(strict.settings).ok
    assert selftests.ensure(strict, image_id, beat=lambda: None)


def test_a_self_test_of_another_runtime_is_no_self_test_of_this_one(world, image_id):
    other = world.platform.settings.model_copy(update={"sandbox_runtime": "runsc"})
    changed = replace(world.platform, settings=other)
    with world.platform.database.read() as session:
        known = selftests.rows.selftest(session, image_id, world.platform.host)
    assert known.engine == selftests._engine(world.platform, DockerRuntime())
    assert known.engine != selftests._engine(changed, DockerRuntime())
