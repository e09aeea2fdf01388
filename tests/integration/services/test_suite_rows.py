"""Rows of a packed suite that a run would refuse are refused when it is submitted."""

import json

import pytest

from evals import manifest, pack, wire
from harness.cli import signing
from harness.documents import suite as suite_document
from harness.documents.signer import generate
from harness.errors import InvalidInput
from harness.services import suites
from harness.services.access import Actor
from tests.support import world as worlds


@pytest.fixture
def world(tmp_path):
    made = worlds.make(tmp_path / "data")
    yield made
    made.platform.database.close()


def repacked(change, count=20):
    """A suite whose data file was changed after the manifest was made, digests mended."""
    files = pack.unpack(suites.build(worlds.suite_files(worlds.simple_questions(count))))
    rows = [json.loads(line) for line in files["samples.jsonl"].splitlines()]
    change(rows)
    files["samples.jsonl"] = b"".join(wire.canonical(row) + b"\n" for row in rows)
    value = json.loads(files["suite.json"])
    value["data"][0]["sha256"] = pack.digest(files["samples.jsonl"]).removeprefix("sha256:")
    files["suite.json"] = wire.canonical(value)
    return pack.pack(files)


def submitted(world, archive):
    parsed, _ = suites.open_archive(archive)
    fields = suite_document.submission(parsed, organisation=worlds.AUDITOR, contact="x")
    subject = ("suite", pack.digest(archive))
    envelope = signing.statement(world.keys[worlds.AUDITOR], "suite-submission", subject, fields)
    with world.platform.database.write() as session:
        actor = Actor(worlds.AUDITOR, "auditor")
        return suites.submit(session, world.platform, actor, archive, envelope).digest


def test_each_bad_row_is_named_by_file_line_and_field(world):
    def change(rows):
        rows[2]["answer"] = "many"
        del rows[4]["prompt"]
        rows[6]["id"] = "another"

    with pytest.raises(InvalidInput) as refused:
        submitted(world, repacked(change))
    assert refused.value.problems == (
        "samples.jsonl:3: answer: must be a plain decimal number for the scorer numeric",
        "samples.jsonl:5: prompt: must be text",
        "samples.jsonl:7: id: is not the one in suite.json; pack the suite again",
    )


def test_rows_that_the_manifest_does_not_count_are_refused(world):
    with pytest.raises(InvalidInput, match="lists 20, the data files hold 19"):
        submitted(world, repacked(lambda rows: rows.pop()))


def test_only_so_many_problems_are_listed(world):
    with pytest.raises(InvalidInput) as refused:
        submitted(world, repacked(lambda rows: [row.pop("answer") for row in rows], count=80))
    assert len(refused.value.problems) == 50


def test_a_repacked_suite_without_fault_is_taken(world):
    assert submitted(world, repacked(lambda _: None)).startswith("sha256:")


def test_public_samples_are_those_of_the_manifest_and_no_other(world):
    digest = world.suite(worlds.suite_files(worlds.simple_questions(20)))
    with world.platform.database.read() as session:
        row = suites.find(session, Actor(worlds.AUDITOR, "auditor"), digest)
        found = suites.public_samples(session, row)
    assert [(item.id, item.messages, item.answer) for item in found] == [
        (f"q{i}", (("user", f"What is {i} plus {i + 1}?"),), str(2 * i + 1)) for i in range(3)
    ]
    assert suites.describe(row).public == ("q0", "q1", "q2")
    assert manifest.parse(row.manifest) == suites.describe(row).manifest


def test_a_suite_signed_with_another_key_is_refused(world):
    world.keys[worlds.AUDITOR] = generate("p256")
    with pytest.raises(InvalidInput, match="not signed by a valid key"):
        submitted(world, repacked(lambda _: None))
