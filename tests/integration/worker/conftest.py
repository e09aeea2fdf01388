"""A rig per test: real workers on a data folder of their own, and what they said when it fails."""

import pytest

from tests.integration.worker.rig import TERMS, Rig
from tests.support import selftested


@pytest.fixture
def rig(tmp_path, image_id):
    rig = Rig(tmp_path, image_id)
    # Once and beforehand, so that it takes nothing from the short lease of these tests.
    selftested.remember(rig.platform, image_id)
    yield rig
    rig.close()
    if rig.log.exists():
        # For the report of a test that failed.
        print(rig.log.read_text(errors="replace")[-5000:])  # noqa: T201


@pytest.fixture
def protocol(rig):
    return rig.world.agree(rig.suite, TERMS)
