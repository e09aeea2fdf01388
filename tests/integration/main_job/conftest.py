"""A world whose image is the real one."""

import pytest

from tests.support import world as worlds


@pytest.fixture(scope="module")
def world(tmp_path_factory, image_id):
    made = worlds.make(tmp_path_factory.mktemp("world") / "data", worker_slots=4)
    made.image(image_id)
    yield made
    made.platform.database.close()
