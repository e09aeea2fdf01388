"""The real container engine and the image of this very code, built once and then looked up."""

import fcntl
from pathlib import Path

import pytest

from sandbox.container import images
from sandbox.container.docker import DockerRuntime
from sandbox.errors import EngineUnavailable
from tests.support.missing import missing


@pytest.fixture(scope="session")
def engine() -> DockerRuntime:
    """The engine of this machine: skipped without one, never in CI."""
    engine = DockerRuntime()
    try:
        engine.version()
    except EngineUnavailable:
        missing("the container engine does not answer")
    return engine


@pytest.fixture(scope="session")
def image_folder(pytestconfig) -> Path:
    """Where images are built; keeps fetched wheels until `make clean`."""
    return pytestconfig.cache.mkdir("images")


@pytest.fixture(scope="session")
def image_id(engine, image_folder) -> str:
    """The guest image; the first time ever this fetches packages and takes a minute."""
    return _image(engine, image_folder, "base")


@pytest.fixture(scope="session")
def inspect_image(engine, image_folder) -> str:
    """The image of the flavour inspect; the first time ever this fetches 95 MB of wheels."""
    return _image(engine, image_folder, "inspect")


@pytest.fixture(scope="session")
def lm_eval_image(engine, image_folder) -> str:
    """The image of the flavour lm-eval; the first time ever this fetches 155 MB of wheels."""
    return _image(engine, image_folder, "lm-eval")


def _image(engine, folder: Path, flavour: str) -> str:
    found = images.current(engine, flavour)
    if found is None:
        # Test processes run side by side: one builds, and the others find what it has built.
        with (folder / "lock").open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            found = images.build(engine, folder, print, flavour).id
    images.admit(engine, found)
    return found
