"""The real container engine and the image of this very code, built once and then looked up."""

import tempfile
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
def image_id(engine) -> str:
    """The guest image; the first time ever this fetches packages and takes a minute."""
    found = images.current(engine)
    if found is None:
        with tempfile.TemporaryDirectory(prefix="assay-image-") as folder:
            found = images.build(engine, Path(folder), print).id
    images.admit(engine, found)
    return found
