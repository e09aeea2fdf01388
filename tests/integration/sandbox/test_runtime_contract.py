"""One contract for the real engine and its twin: the same tests on both."""

import time
from dataclasses import replace

import pytest

from sandbox.container.docker import DockerRuntime
from sandbox.container.runtime import Status
from sandbox.errors import EngineUnavailable, ImageRefused, PlatformFault
from sandbox.spec import ContainerSpec
from tests.integration.sandbox.conftest import OWNER
from tests.twins.runtime import MemoryRuntime

pytestmark = pytest.mark.docker

_SLEEP = ("/usr/bin/python3", "-I", "-S", "-c", "import signal; signal.pause()")
_ABSENT = "f" * 64


@pytest.fixture(params=["engine", "twin"])
def any_runtime(request, image_id):
    if request.param == "twin":
        return MemoryRuntime(frozenset({image_id}))
    return request.getfixturevalue("runtime")


@pytest.fixture
def spec(request, image_id, tmp_path):
    # Where the guest cannot read, its container ends by itself as soon as it is up.
    tmp_path.chmod(0o711)
    return ContainerSpec(
        run=f"contract{time.time_ns():x}",
        attempt=1,
        owner=OWNER,
        image=image_id,
        slot=43_000,
        run_dir=tmp_path,
        deadline=time.time() + 60,
        command=_SLEEP,
    )


@pytest.fixture
def container(any_runtime, spec):
    made = any_runtime.create(spec)
    yield made
    any_runtime.remove(made)


def test_the_states_in_order(any_runtime, container):
    assert any_runtime.inspect(container).status is Status.CREATED
    any_runtime.start(container)
    assert any_runtime.inspect(container).status is Status.RUNNING
    any_runtime.start(container)
    any_runtime.kill(container)
    state = any_runtime.wait(container)
    assert (state.status, state.exit_code, state.oom) == (Status.EXITED, 137, False)
    assert any_runtime.inspect(container) == state
    any_runtime.kill(container)
    any_runtime.remove(container)
    any_runtime.remove(container)
    any_runtime.kill(container)
    with pytest.raises(PlatformFault, match="no_such_container"):
        any_runtime.inspect(container)


def test_a_running_container_is_removed(any_runtime, container, spec):
    any_runtime.start(container)
    any_runtime.remove(container)
    assert spec.name not in [found.name for found in any_runtime.list(spec.owner)]


def test_a_second_create_is_refused_and_harms_nothing(any_runtime, container, spec):
    with pytest.raises(PlatformFault) as caught:
        any_runtime.create(spec)
    assert caught.value.code == "duplicate_container"
    assert any_runtime.inspect(container).status is Status.CREATED


def test_containers_are_listed_by_owner(any_runtime, container, spec):
    found = {one.name: one for one in any_runtime.list(spec.owner)}[spec.name]
    assert found.id == container
    assert found.identity.run == spec.run
    assert found.run_dir == spec.run_dir
    assert any_runtime.list("somebody-else") == ()


def test_calls_on_nothing(any_runtime):
    any_runtime.kill(_ABSENT)
    any_runtime.remove(_ABSENT)
    for call in (any_runtime.start, any_runtime.wait, any_runtime.inspect):
        with pytest.raises(PlatformFault) as caught:
            call(_ABSENT)
        assert caught.value.code == "no_such_container"


def test_an_absent_image(any_runtime, spec):
    with pytest.raises(ImageRefused):
        any_runtime.create(replace(spec, image="sha256:" + "0" * 64))
    assert any_runtime.list(OWNER) == ()


def test_no_engine(tmp_path, spec):
    twin = MemoryRuntime()
    twin.away = True
    for runtime in (DockerRuntime(f"unix://{tmp_path}/no.sock"), twin):
        for call, argument in (
            (runtime.create, spec),
            (runtime.start, _ABSENT),
            (runtime.inspect, _ABSENT),
            (runtime.kill, _ABSENT),
            (runtime.remove, _ABSENT),
            (runtime.list, OWNER),
        ):
            with pytest.raises(EngineUnavailable):
                call(argument)
