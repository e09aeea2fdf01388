"""A protocol that pins an image of an older Assay: refused before its run starts, and told why."""

import contextlib

import docker
import pytest

from harness.services import states
from harness.services.agreements.terms import Terms
from harness.services.platform import images
from harness.services.release import execute
from sandbox.container.labels import WIRE
from tests.integration.main_job.carrying import row
from tests.support import world as worlds

pytestmark = pytest.mark.docker


@pytest.fixture
def old_image(image_id):
    """The guest image, as a version of Assay with an older wire would have labelled it."""
    with contextlib.closing(docker.APIClient()) as client:
        body = {"Image": image_id, "Cmd": ["true"], "NetworkDisabled": True}
        container = client.create_container_from_config(body)["Id"]
        try:
            made = client.commit(container, changes=f"LABEL {WIRE}=1")["Id"]
        finally:
            client.remove_container(container)
        yield made
        client.remove_image(made)


def test_it_waits_without_a_start_a_slot_or_a_container(tmp_path, old_image, caplog):
    world = worlds.make(tmp_path / "data")
    with contextlib.closing(world.platform.database):
        world.image(old_image)
        world.model()
        suite = world.suite(worlds.suite_files(worlds.simple_questions(20)))
        run_id = world.reserve(world.agree(suite, Terms()))
        execute.execute(world.platform, run_id)
        run = row(world, run_id)
        assert (run.state, run.category) == (states.Run.QUEUED, "image_outdated")
        assert (run.worker_slot, run.started_at) == (None, None)
        assert images.DockerRuntime().list(images.owner(world.platform)) == ()
