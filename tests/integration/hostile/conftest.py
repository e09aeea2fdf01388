"""The image whose runner plays hostile programs."""

import shutil

import pytest

from tests.integration.hostile import stage


@pytest.fixture(scope="session")
def hostile_image(engine, image_id, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    made = stage.image(engine, image_id, folder)
    yield made
    engine.remove_image(made)
    shutil.rmtree(folder)
