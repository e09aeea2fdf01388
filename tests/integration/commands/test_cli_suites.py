"""Checking, packing and submitting a suite."""

import json
import re

import pytest

from harness.paging import Window
from harness.records import suites
from tests.integration.commands.conftest import command, opened, snapshot, write_suite

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

# What is broken, and the line that must say so: file, line, field, message.
BROKEN = {
    "a score without an end": (
        {"suite": [("lo: 0, hi: 1", "lo: 0, hi: -1")]},
        "suite.yaml:17: metrics[0].score.hi: ",
    ),
    "a field nobody knows": (
        {"suite": [("licence: MIT", "licence: MIT\nfavourite: blue")]},
        "suite.yaml:5: favourite: ",
    ),
    "a number where text belongs": (
        {"suite": [('version: "1.0.0"', "version: 1.0")]},
        "suite.yaml:3: version: ",
    ),
    "a key twice": (
        {"suite": [("licence: MIT", "licence: MIT\nlicence: GPL")]},
        "suite.yaml:5: licence: ",
    ),
    "a row that is no JSON": (
        {"samples": [('{"id": "q1"', '{"id": q1')]},
        "samples.jsonl:2: ",
    ),
    "two samples of one id": (
        {"samples": [('"id": "q3"', '"id": "q2"')]},
        "samples.jsonl:4: ",
    ),
    "an answer of another kind": (
        {"samples": [('"answer": "7"', '"answer": {}')]},
        "samples.jsonl:4: ",
    ),
    "a public sample that is not there": (
        {"suite": [("[q0, q1, q2]", "[q0, q1, q99]")]},
        "suite.yaml:22: public_samples[2]: ",
    ),
}


@pytest.mark.parametrize("word", ["check", "pack"])
@pytest.mark.parametrize(("changes", "line"), BROKEN.values(), ids=BROKEN)
def test_a_broken_suite_is_told_by_file_line_and_field(assay, tmp_path, word, changes, line):
    folder = write_suite(tmp_path / "broken", **changes)
    before = snapshot(tmp_path)
    done = assay("suite", word, folder)
    assert (done.status, done.out) == (2, "")
    assert f"invalid_input {line}" in done.err
    assert all(row.startswith("invalid_input ") for row in done.err.splitlines())
    # Nothing is written on failure, not even half of it.
    assert snapshot(tmp_path) == before


def test_all_problems_come_at_once(assay, tmp_path):
    changes = [("licence: MIT", "favourite: blue"), ("lo: 0, hi: 1", "lo: 0, hi: -1")]
    done = assay("suite", "check", write_suite(tmp_path / "broken", suite=changes))
    assert len(done.err.splitlines()) >= 3
    assert "licence" in done.err
    assert "favourite" in done.err
    assert "metrics[0].score" in done.err


def test_admission_is_checked_before_anyone_proposes(assay, tmp_path):
    folder = write_suite(tmp_path / "few")
    rows = (folder / "samples.jsonl").read_text().splitlines(keepends=True)
    (folder / "samples.jsonl").write_text("".join(rows[:12]))
    done = assay("suite", "check", folder)
    assert done.status == 2
    assert "the suite has 12 samples; the least is 20" in done.err


def test_packing_twice_gives_the_same_bytes(assay, suite, tmp_path):
    first = assay("suite", "pack", suite, "--out", "one.tar")
    second = assay("suite", "pack", suite, "--out", "two.tar", "--json")
    assert (first.status, second.status) == (0, 0)
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    facts = json.loads(second.out)
    assert facts["digest"] == first.one("digest")
    assert (facts["samples"], facts["metrics"]) == (40, ["accuracy"])


def test_packing_inside_the_folder_does_not_pack_the_pack(suite):
    digests = [command(suite, "suite", "pack", ".").one("digest") for _ in range(2)]
    assert digests[0] == digests[1]
    assert (suite / "numbers-1.0.0.suite.tar").is_file()


def test_a_packed_suite_is_checked_like_its_folder(assay, suite):
    assert assay("suite", "pack", suite, "--out", "packed.tar").status == 0
    folder, packed = assay("suite", "check", suite), assay("suite", "check", "packed.tar")
    assert packed.status == 0
    assert packed.out == folder.out


# The name of the first file, its mode, a sample, and the padding at the end.
@pytest.mark.parametrize("place", [0, 200, 600, -1])
def test_a_changed_byte_of_a_packed_suite_is_refused(assay, suite, tmp_path, place):
    assert assay("suite", "pack", suite, "--out", "packed.tar").status == 0
    changed = bytearray((tmp_path / "packed.tar").read_bytes())
    changed[place] ^= 1
    (tmp_path / "packed.tar").write_bytes(changed)
    done = assay("suite", "check", "packed.tar")
    assert (done.status, done.out) == (2, "")


@pytest.mark.parametrize("source", ["nowhere", "empty"])
def test_what_is_no_suite_is_said_in_a_sentence(assay, tmp_path, source):
    (tmp_path / "empty").mkdir()
    done = assay("suite", "check", source)
    assert done.status == 2
    assert done.err.startswith(f"invalid_input {source}: ")


def test_an_output_that_is_a_device_is_left_alone(assay, suite):
    done = assay("suite", "pack", suite, "--out", "/dev/null")
    assert done.status == 2
    assert "no plain file" in done.err


def held(folder):
    """Digests of the auditor's suites on the server."""
    with opened(folder) as platform, platform.database.read() as session:
        return [
            row.digest for row in suites.listed(session, {"auditor": "university"}, Window(9)).rows
        ]


def test_a_wrong_digest_is_refused_and_nothing_is_stored(assay, place, tmp_path):
    other = write_suite(tmp_path / "other", suite=[("id: numbers", "id: others")])
    before = held(tmp_path)
    words = ("suite", "submit", other, "--profile", "university", "--key", "auditor.pem")
    done = assay(*words, "--digest", place)
    assert (done.status, done.out) == (2, "")
    assert "nothing was submitted" in done.err
    assert place in done.err
    assert held(tmp_path) == before == [place]
    right = DIGEST.search(done.err).group()
    assert assay(*words, "--digest", right).status == 0
    assert set(held(tmp_path)) == {place, right}


def test_a_suite_signed_by_a_foreign_key_is_refused(assay, place, tmp_path):
    other = write_suite(tmp_path / "other", suite=[("id: numbers", "id: others")])
    done = assay("suite", "submit", other, "--profile", "university", "--key", "other.pem")
    assert done.status == 2
    assert held(tmp_path) == [place]


def test_what_cannot_be_signed_is_an_error_in_a_line(assay, place, suite):
    words = ("suite", "submit", suite, "--profile", "university", "--key", "k")
    assert assay("keys", "new", "k").status == 0
    done = assay(*words, "--contact", "x" * 1000)
    assert done.status == 2
    assert "contact" in done.err
    assert "x" * 400 not in done.err


def test_the_list_is_of_known_auditors(assay, place):
    assert place in assay("suite", "list", "--profile", "university").out
    assert json.loads(assay("suite", "list", "--profile", "university", "--json").out) == [
        {"digest": place, "id": "numbers", "version": "1.0.0"}
    ]
    assert assay("suite", "list", "--profile", "nobody").status == 2


def test_limits_beyond_the_caps_are_refused_at_check_with_the_cap(assay, tmp_path, monkeypatch):
    asking = [("kind: declarative", "kind: declarative\nlimits: {memory_mib: 2048}")]
    folder = write_suite(tmp_path / "greedy", suite=asking)
    assert assay("suite", "check", folder).status == 0
    monkeypatch.setenv("ASSAY_MAX_MEMORY_MIB", "1024")
    done = assay("suite", "check", folder)
    assert (done.status, done.out) == (2, "")
    assert "limits.memory_mib: 2048 is asked for, this operator allows at most 1024" in done.err
