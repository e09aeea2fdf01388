"""Run folders, a runtime whose containers are all gone afterwards, and images that misbehave."""

import os
import shutil
import tempfile
from pathlib import Path

import docker
import pytest

from sandbox.container import archive, layers
from sandbox.container.docker import DockerRuntime

# Test processes run side by side on one engine: none may clean up after another.
OWNER = f"assay-tests-{os.getpid()}"

# Runs what the suite brings along instead of asking its questions.
_SCRIPTED_RUNNER = b"""
RUN_DIR, SOCKET, RUN_FILE, SUITE_DIR = "/assay", "gateway.sock", "run.json", "suite"


def main(run_dir=RUN_DIR, feeder=None):
    with open(f"{run_dir}/suite/guest.py") as script:
        exec(script.read(), {"__name__": "guest"})
    return 0
"""


@pytest.fixture(scope="session")
def cli():
    """The engine without our run spec, for positive controls."""
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture
def runtime(engine, cli):
    yield DockerRuntime()
    left = cli.containers.list(all=True, filters={"label": f"org.assay.owner={OWNER}"})
    for container in left:
        container.remove(force=True)
    assert left == [], "a test left containers behind"


@pytest.fixture
def run_root():
    path = Path(tempfile.mkdtemp(prefix="assay-t-"))
    path.chmod(0o711)
    yield path
    left = list(path.iterdir())
    shutil.rmtree(path)
    assert left == [], "a test left run folders behind"


@pytest.fixture(scope="session")
def scripted_image(engine, image_id, tmp_path_factory):
    """The real image, but its runner executes `guest.py` of the suite."""
    folder = tmp_path_factory.mktemp("scripted")
    saved, patch, built = folder / "saved.tar", folder / "patch.tar", folder / "built.tar"
    engine.save_image(image_id, saved)
    layers.write(
        patch,
        {
            "opt/assay/evals/runner.py": _SCRIPTED_RUNNER,
            # The bytecode below it is never compared with its source: it must go.
            "opt/assay/evals/__pycache__/.wh.runner.cpython-311.pyc": b"",
        },
    )
    stack = [*archive.extract_layers(saved, folder), archive.layer(patch)]
    image = archive.write(built, stack, {"org.assay.source": "scripted"}, None)
    engine.load_image(built)
    shutil.rmtree(folder)
    yield image
    engine.remove_image(image)
