"""Run folders, a runtime whose containers are all gone afterwards, and images that misbehave."""

import contextlib
import shutil
import tempfile
from pathlib import Path

import docker
import pytest

from sandbox.container.docker import DockerRuntime
from tests.integration.gateway.scripted_vendor import ScriptedVendor
from tests.integration.sandbox.guests import OWNER, carry_out, spec_of
from tests.integration.sandbox.traces import Room, nothing_left, traces
from tests.support import patched
from tests.support.engines import second_engine
from tests.support.waiting import until

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
def scripted(engine, image_id, tmp_path_factory):
    """The real image, but its runner executes `guest.py` of the suite: its id and its archive."""
    folder = tmp_path_factory.mktemp("scripted")
    files = {
        "opt/assay/evals/runner.py": _SCRIPTED_RUNNER,
        # The bytecode below it is never compared with its source: it must go.
        "opt/assay/evals/__pycache__/.wh.runner.cpython-311.pyc": b"",
    }
    image, built = patched.build(engine, image_id, folder, files, "scripted")
    yield image, built
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def scripted_image(engine, scripted):
    """The scripted image on the engine of this machine."""
    image, built = scripted
    engine.load_image(built)
    yield image
    engine.remove_image(image)


@pytest.fixture(scope="session")
def own_engine(scripted):
    """A second engine with the scripted image: what is left on it is ours, and it may be killed."""
    image, built = scripted
    # One runtime's program is missing: the engine knows its name and cannot start it.
    with second_engine("--add-runtime=gone=/nowhere/runc") as own:
        DockerRuntime(own.url).load_image(built)
        with contextlib.closing(docker.APIClient(own.url)) as client:
            # With a name it stays when an image on top of it goes.
            client.tag(image, "scripted")
        yield own


@pytest.fixture(scope="session")
def own_image(own_engine, scripted):
    """Id of the scripted image, there."""
    return scripted[0]


@pytest.fixture(scope="module")
def steady_vendor():
    """Answers every call of a module's runs."""
    vendor = ScriptedVendor()
    yield vendor
    vendor.stop()


@pytest.fixture
def own_guest(own_image, run_root, steady_vendor):
    """Make the spec of a run on the second engine."""

    def make(script, **options):
        return spec_of(own_image, run_root, steady_vendor.base_url, script, **options)

    return make


@pytest.fixture(scope="module")
def warm(own_engine, own_image, steady_vendor, tmp_path_factory):
    """One run, for what is made once in a process and on an engine."""
    spec = spec_of(own_image, tmp_path_factory.mktemp("w"), steady_vendor.base_url, "")
    carry_out(spec, DockerRuntime(own_engine.url))


@pytest.fixture
def own(own_engine, warm):
    """A client of the second engine, which has no container before and after."""
    runtime = DockerRuntime(own_engine.url)
    yield runtime
    with contextlib.closing(docker.APIClient(own_engine.url)) as client:
        left = client.containers(all=True)
        for row in left:
            client.remove_container(row["Id"], force=True, v=True)
    assert left == [], "a test left containers behind"


@pytest.fixture
def held(own_engine, own, run_root):
    """Checks around a test: everything that it used is there again afterwards."""
    own.version()  # its connection stays as long as it does
    room, before = Room.of(own_engine), traces(own_engine, run_root)
    yield
    nothing_left(own_engine, run_root, before)
    until(lambda: room.is_back(own_engine), 60, "memory and disk are free again")
