"""A world whose image is the real one."""

import pytest

from tests.support import selftested
from tests.support import world as worlds


@pytest.fixture(scope="module")
def world(request, tmp_path_factory, image_id):
    # Several models are run side by side here, which a host does not do by default. A run that
    # failed early keeps its place until its slot: a file of such runs says how many it needs.
    slots = getattr(request.module, "PLACES", 4)
    made = worlds.make(
        tmp_path_factory.mktemp("world") / "data", worker_slots=slots, one_vendor_per_host=False
    )
    made.image(image_id)
    selftested.remember(made.platform, image_id)
    yield made
    made.platform.database.close()
