"""What the host sees of guests that misbehave, and what it sees without the run spec."""

import os
import signal

import docker
import pytest

from sandbox.container.docker import DockerRuntime
from sandbox.container.expectations import OUTSIDE, Level
from sandbox.container.hardening import create_body
from sandbox.container.outside import limits, probes
from sandbox.container.outside.stage import Stage
from tests.integration.sandbox.conftest import OWNER

pytestmark = pytest.mark.docker

# Everything opened that the run spec shuts.
_OPEN = {
    "Memory": 0,
    "MemorySwap": 0,
    "NanoCpus": 0,
    "PidsLimit": 0,
    "Ulimits": [],
    "Tmpfs": {},
    "ReadonlyRootfs": False,
    "CapDrop": [],
    "CapAdd": ["SYS_ADMIN"],
    "SecurityOpt": ["seccomp=unconfined"],
    "NetworkMode": "host",
    "PidMode": "host",
    "CgroupnsMode": "host",
    "LogConfig": {"Type": "json-file", "Config": {}},
}
# Where an engine does it for every container, or nothing of a container is looked at.
_ENGINES_OWN = {
    "foreign_kill_seen",
    "foreign_user_refused",  # all share one network here, and one port; see below
    "gone_when_removed",  # before that it was listed: `found_by_labels`
    "hostile_image_refused",  # `test_hostile_images` has its control
    "host_usable",  # 80 processes do not stop this machine
    "killed_in_time",  # another signal does not kill it: see below
    "memory_given_back",
    "scratch_given_back",  # page cache of a disk is given back as well
    "orphans_end",  # the engine kills what is left of a control group
    "orphans_reaped",  # the host's first process reaps them then
    "unknown_image_refused",
}


class Unprotected(DockerRuntime):
    """The real engine, asked for containers without any control."""

    def create(self, spec):
        body = create_body(spec)
        (mount,) = body["HostConfig"]["Mounts"]
        body["HostConfig"] |= {**_OPEN, "Mounts": [{**mount, "ReadOnly": False}]}
        # Whatever is asked for, the engine's own choice is taken.
        del body["HostConfig"]["Runtime"]
        body |= {"User": "0:0", "NetworkDisabled": False, "Labels": {"org.assay.owner": OWNER}}
        client = docker.APIClient()
        try:
            return client.create_container_from_config(body)["Id"]
        except docker.errors.ImageNotFound:
            return super().create(spec)
        finally:
            client.close()


def _found(engine, image, root):
    return probes.run(engine, image, owner=OWNER, run_root=root, oci_runtime="runc")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("o")
    for parent in (folder, folder.parent, folder.parent.parent):
        parent.chmod(0o711)
    return folder


@pytest.fixture(scope="module")
def protected(engine, image_id, root):
    return _found(engine, image_id, root)


@pytest.fixture(scope="module")
def unprotected(image_id, root):
    return _found(Unprotected(), image_id, root)


def test_the_scenarios_and_the_expectations_name_the_same_probes(protected):
    assert set(protected) == set(OUTSIDE)
    assert len(OUTSIDE) >= 15


@pytest.mark.parametrize("name", sorted(OUTSIDE))
def test_holds_under_the_run_spec_and_not_without(protected, unprotected, name):
    if OUTSIDE[name] is Level.MUST:
        assert protected[name].held, protected[name].detail
    if name not in _ENGINES_OWN:
        # One that breaks its scenario does not hold either.
        assert name not in unprotected or not unprotected[name].held


def test_the_guest_that_is_killed_ignores_what_can_be_ignored(engine, image_id, root):
    stage = Stage(engine, image_id, OWNER, root, "runc", engine.id_offset())
    with stage.guest("idle", "idle") as guest:
        guest.act()
        os.kill(guest.pid, signal.SIGTERM)
        # It is there to say so: the signal was delivered before its next act.
        assert guest.act() == {}
        assert engine.inspect(guest.id).status == "running"


def test_memory_is_the_reason_also_when_the_engine_hears_of_it_late(image_id, root, monkeypatch):
    """A busy engine shows a container's end first, and never corrects what it has shown."""
    look, asked = docker.APIClient.inspect_container, []

    def too_early(client, container):
        shown = look(client, container)
        shown["State"]["OOMKilled"] = False
        asked.append(container)
        return shown

    monkeypatch.setattr(docker.APIClient, "inspect_container", too_early)
    engine = DockerRuntime()
    stage = Stage(engine, image_id, OWNER, root, "runc", engine.id_offset())
    assert limits.memory(stage)["memory_stops"].held
    assert asked
    # The control: without the engine's word there is none.
    monkeypatch.setattr(docker.APIClient, "events", lambda *_, **__: ())
    assert not limits.memory(stage)["memory_stops"].held


def test_a_guest_of_the_right_user_is_let_in(engine, image_id, root):
    """The control of `foreign_user_refused`: the same container, and a socket that is its own."""
    stage = Stage(engine, image_id, OWNER, root, "runc", engine.id_offset())
    with stage.guest("idle") as guest:
        assert guest.peer == stage.ids(guest.spec).peer
