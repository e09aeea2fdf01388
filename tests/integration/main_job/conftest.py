"""A world whose image is the real one."""

import pytest

from tests.support import selftested
from tests.support import world as worlds


@pytest.fixture(scope="module")
def world(tmp_path_factory, image_id):
    # Several models are run side by side here, which a host does not do by default; and a run that
    # failed early keeps its place until its slot, which nobody waits for here.
    made = worlds.make(
        tmp_path_factory.mktemp("world") / "data", worker_slots=64, one_vendor_per_host=False
    )
    made.image(image_id)
    selftested.remember(made.platform, image_id)
    yield made
    made.platform.database.close()
