"""The image of a suite with wheels of its own: built from them alone, and the same anywhere."""

import hashlib
import json

import pytest

from evals import pack
from harness.errors import InvalidInput
from harness.services import suites
from harness.services.agreements.terms import Terms
from harness.services.platform import images
from sandbox.container import labels
from sandbox.container.collector import Job, collect
from tests.integration.sandbox.conftest import OWNER
from tests.support import wheelwright
from tests.support import world as worlds

pytestmark = [pytest.mark.docker, pytest.mark.slow]

ASKS = "runtime: {lock: {file: wheels.lock}}"
SAY = """
import socket, sys
sys.path.insert(0, "/usr/local/lib/python3.11/dist-packages")
import ours
with socket.socket(socket.AF_UNIX) as end:
    end.connect("/assay/gateway.sock")
    end.sendall(ours.SAID.encode())
"""


class Author:
    """Somebody with the same sources on a machine of their own."""

    def __init__(self, folder):
        self.wheels = folder / "wheels"
        wheel = wheelwright.wheel(self.wheels, "ours", {"ours.py": b'SAID = "ours"\n'})
        lock = wheelwright.lock_of(wheel).encode()
        questions = worlds.simple_questions(40)
        self.files = worlds.suite_files(questions, "wheels", asks=ASKS) | {"wheels.lock": lock}
        self.archive = suites.build(self.files)
        self.world = worlds.make(folder / "data")

    def build(self):
        return images.build_for_suite(self.world.platform, self.archive, self.wheels, print)

    def close(self):
        self.world.platform.database.close()


@pytest.fixture
def authors(tmp_path, image_id):
    found = [Author(tmp_path / name) for name in ("one", "two")]
    yield found
    for author in found:
        author.close()


def forget(engine, image):
    """Remove an image and that of its dependencies, as if they had never been built."""
    carried = engine.image(image)["Config"]["Labels"]
    wheels = carried[labels.WHEELS]
    engine.remove_image(image)
    for below in engine.images(labels.WHEELS, wheels):
        engine.remove_image(below)


def test_the_same_suite_built_on_two_clean_folders_is_the_same_image(engine, authors, run_root):
    one, two = authors
    assert pack.digest(one.archive) == pack.digest(two.archive)
    first = one.build()
    forget(engine, first.id)
    assert engine.image(first.id) is None
    second = two.build()
    try:
        assert second.id == first.id
        assert json.loads(engine.image(second.id)["Config"]["Labels"][labels.WHEELS]).keys() == {
            "ours"
        }
        command = ("/usr/bin/python3", "-I", "-S", "-c", SAY)
        job = Job(second.id, OWNER, command, 30.0, 100)
        assert collect(engine, job, run_root) == b"ours"
        assert second.lock == hashlib.sha256(two.files["wheels.lock"]).hexdigest()
        # A protocol over the suite pins that image, and none without its wheels.
        two.world.model()
        two.world.image()
        body = json.loads(two.world.draft(two.world.suite(two.files), Terms()))
        assert body["suite"]["image"] == second.id
    finally:
        forget(engine, second.id)


def test_wheels_that_are_not_there_are_named_before_anything_is_built(authors, tmp_path):
    author = authors[0]
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InvalidInput, match="ours"):
        images.build_for_suite(author.world.platform, author.archive, empty, print)
    with pytest.raises(InvalidInput, match="--wheels: name the folder"):
        images.build_for_suite(author.world.platform, author.archive, None, print)
    plain = suites.build(worlds.suite_files(worlds.simple_questions(40)))
    with pytest.raises(InvalidInput, match=r"--suite: .* --flavour base"):
        images.build_for_suite(author.world.platform, plain, empty, print)
