"""`assay images` as far as it goes without a container engine."""

import json

import pytest

from harness.records import platform as rows
from harness.records.base import Act
from tests.integration.commands.conftest import opened

NEWER, OLDER = ("sha256:" + digit * 64 for digit in "12")


@pytest.fixture
def assay_with_images(assay, tmp_path):
    """A data folder that has seen two images be built."""
    assert assay("db", "upgrade").status == 0
    with opened(tmp_path) as platform, platform.database.write() as session:
        for image, flavour, at in ((NEWER, "inspect", 1_800_000_000.0), (OLDER, "base", 1.0)):
            row = rows.Image(id=image, flavour=flavour, packages={}, added_at=at)
            rows.put_image(session, row, Act("operator", "add image", at))
    return assay


def test_the_list_names_the_flavours_newest_first(assay_with_images):
    done = assay_with_images("images", "list")
    assert done.status == 0
    found = [line for line in done.out.splitlines() if "sha256:" in line]
    assert [NEWER in found[0], "inspect" in found[0], "2027-01-15" in found[0]] == [True] * 3
    assert [OLDER in found[1], "base" in found[1]] == [True] * 2
    assert len(found) == 2
    told = json.loads(assay_with_images("images", "list", "--json").out)
    assert told[1] == {"image": OLDER, "flavour": "base", "added_at": 1.0}
    assert [one["image"] for one in told] == [NEWER, OLDER]


def test_an_unknown_flavour_names_the_known_ones_and_makes_nothing(assay, tmp_path):
    assert assay("db", "upgrade").status == 0
    done = assay("images", "build", "--flavour", "vanilla")
    assert (done.status, done.out) == (2, "")
    assert done.err == ("invalid_input --flavour: no such flavour; known: base, inspect, lm-eval\n")
    assert not (tmp_path / "data/images").exists()


def test_wheels_that_cannot_be_have_a_line_each(assay):
    assert assay("db", "upgrade").status == 0
    done = assay("images", "build", "--wheels", "nowhere")
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines() == [
        "invalid_input --wheels: the flavour base has no wheels",
        "invalid_input --wheels: nowhere: no such folder",
    ]


def test_a_folder_without_the_wheels_names_every_one_of_them(assay, tmp_path):
    assert assay("db", "upgrade").status == 0
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels/numpy-2.4.6.tar.gz").write_bytes(b"")
    done = assay("images", "build", "--flavour", "inspect", "--wheels", "wheels")
    assert (done.status, done.out) == (2, "")
    lines = done.err.splitlines()
    assert len(lines) > 80
    assert "invalid_input numpy: only a source archive is there; a wheel is needed" in lines
    assert [line for line in lines if line.startswith("invalid_input pip: no wheel of version")]


@pytest.mark.parametrize("words", [("show",), ("sbom",)])
def test_an_image_that_was_never_added(assay_with_images, words):
    done = assay_with_images("images", *words, "sha256:" + "9" * 64)
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines() == [
        "not_found no image of this id was added here: see `assay images list`"
    ]


def test_a_suite_says_itself_which_flavour_it_needs(assay, tmp_path):
    done = assay("images", "build", "--suite", tmp_path, "--flavour", "inspect")
    assert done.status == 2
    assert done.err == "invalid_input --flavour: a suite says itself which it needs; leave it out\n"
