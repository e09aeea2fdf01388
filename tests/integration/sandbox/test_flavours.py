"""Images with the packages of a framework: built twice the same, and told by the commands."""

import hashlib
import json
from functools import partial

import pytest

from evals import wire
from sandbox.container import archive, fetch, flavours, images, labels, layers, locks
from sandbox.container.docker import DockerRuntime
from sandbox.errors import ImageRefused
from tests.integration.commands.conftest import command
from tests.support import wheelwright

# On a bare machine two flavours are fetched and compiled first, one after the other.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(1500)]


class _Forgetful(DockerRuntime):
    """An engine that does not know the flavour's image, nor that of its dependencies."""

    def images(self, label, value):
        stack = flavours.stages("inspect")
        gone = {images.source_digest(stack), flavours._made_of(stack)}
        return () if value in gone else super().images(label, value)


@pytest.fixture(scope="module")
def inspect_wheels(inspect_image, image_folder):
    """A folder of the flavour's wheels and pip's, as a build leaves it for other hosts."""
    folder = image_folder / "wheels"
    (stage,) = flavours.stages("inspect")
    # Does nothing after a build in this checkout.
    fetch.fetch((*stage.pins, *flavours._pins("pip")), folder, print)
    return folder


@pytest.mark.slow
def test_built_again_from_a_folder_of_wheels_it_is_the_same_image(
    engine, inspect_image, inspect_wheels, tmp_path
):
    said = []
    record = images.build(_Forgetful(), tmp_path, said.append, "inspect", inspect_wheels)
    assert record.id == inspect_image
    assert [line for line in said if line.startswith("wheels: installing")]
    # No index was asked, and nothing stays.
    assert [line for line in said if "fetching" in line] == []
    assert list(tmp_path.iterdir()) == []


def test_below_it_lies_the_base_and_on_top_the_same_code(engine, image_id, inspect_image):
    base, flavour = (engine.image(one)["RootFS"]["Layers"] for one in (image_id, inspect_image))
    assert flavour[:2] == base[:2]
    assert flavour[-1] == base[-1]
    assert len(flavour) == len(base) + 1


def test_a_wheel_that_would_replace_a_file_of_the_flavour(
    engine, inspect_image, image_folder, tmp_path
):
    def lock_of(module):
        files = {f"{module}/__init__.py": b"SAID = 7\n"}
        return wheelwright.lock_of(wheelwright.wheel(tmp_path / module, "extra", files))

    def build(module):
        lock, folder = lock_of(module), tmp_path / module
        return images.for_suite(
            engine,
            image_folder,
            print,
            flavour="inspect",
            lock=lock,
            wheels=folder,
        )

    with pytest.raises(ImageRefused, match="a file is already in the image"):
        build("openai")
    # The control: under a name of its own the same wheel is installed.
    record = build("extra")
    try:
        assert record.wheels["extra"].startswith("1.0 ")
        assert record.wheels.items() > images.describe(engine, inspect_image).wheels.items()
        assert record.flavour == "inspect"
    finally:
        engine.remove_image(record.id)
        # Below it an image of dependencies was kept for the next build.
        lock = lock_of("extra")
        digest = hashlib.sha256(lock.encode()).hexdigest()
        made = flavours.Stage("suite", "inspect", locks.read(lock).pins, lock=digest)
        below = flavours.found(engine, (*flavours.stages("inspect"), made))
        engine.remove_image(below)


@pytest.fixture(scope="module")
def assay(tmp_path_factory):
    """Run a command in a folder of its own."""
    folder = tmp_path_factory.mktemp("commands")
    run = partial(command, folder)
    assert run("db", "upgrade").status == 0
    return run


def test_the_commands_tell_what_is_in_it(assay, inspect_image):
    built = assay("images", "build", "--flavour", "inspect")
    assert (built.status, built.out) == (0, f"image  {inspect_image}\n")
    assert "image: up to date" in built.err
    listed = json.loads(assay("images", "list", "--json").out)
    assert [(one["image"], one["flavour"]) for one in listed] == [(inspect_image, "inspect")]

    shown = assay("images", "show", inspect_image)
    assert shown.status == 0
    assert shown.one("flavour") == "inspect"
    assert any(
        line.split()[:4] == ["│", "wheel", "│", "inspect-ai"] for line in shown.out.splitlines()
    )
    told = json.loads(assay("images", "show", inspect_image, "--json").out)
    (stage,) = flavours.stages("inspect")
    assert {name: {one["sha256"]} for name, one in told["wheels"].items()} == {
        pin.name: pin.hashes for pin in stage.pins
    }
    assert {"python3", "libc6", "libstdc++6"} <= told["packages"].keys()

    bill = json.loads(assay("images", "sbom", inspect_image).out)
    assert bill["metadata"]["component"]["version"] == inspect_image
    hashes = {
        one["name"]: one["hashes"][0]["content"] for one in bill["components"] if "hashes" in one
    }
    assert hashes == {name: one["sha256"] for name, one in told["wheels"].items()}
    assert len(bill["components"]) == len(told["packages"]) + len(told["wheels"])


def test_an_imported_image_is_remembered_by_the_flavour_it_says(engine, tmp_path):
    layers.write(tmp_path / "layer.tar", {"file": b"x"})
    path = tmp_path / "image.tar"
    carried = {
        labels.SOURCE: "x",
        labels.WIRE: str(wire.VERSION),
        labels.FLAVOUR: "lm-eval",
        labels.PACKAGES: '{"libc6": "2.36-9"}',
    }
    image = archive.write(path, [archive.layer(tmp_path / "layer.tar")], carried, None)
    assay = partial(command, tmp_path)
    assert assay("db", "upgrade").status == 0
    try:
        assert assay("images", "import", path).out == f"image  {image}\n"
        (listed,) = json.loads(assay("images", "list", "--json").out)
        assert (listed["image"], listed["flavour"]) == (image, "lm-eval")
        told = json.loads(assay("images", "show", image, "--json").out)
        assert (told["packages"], told["wheels"]) == ({"libc6": "2.36-9"}, {})
    finally:
        engine.remove_image(image)
