import re

import pytest

from harness.documents import protocol as protocol_document
from harness.services.agreements import clauses
from harness.services.agreements.terms import build
from tests.support import world as worlds


@pytest.fixture(scope="module")
def body(tmp_path_factory):
    made = worlds.make(tmp_path_factory.mktemp("clauses") / "data")
    made.image()
    made.model()
    digest = made.suite(worlds.suite_files(worlds.simple_questions(20)))
    decision = {"metric": "accuracy", "threshold": "0.5"}
    chosen = build({"claim": {"decision": decision}, "observers": ["one", "two"]})
    yield made.draft(digest, chosen)
    made.platform.database.close()


def test_no_value_of_the_document_is_left_out(body):
    protocol = protocol_document.parse(body)
    found = [clause for chapter in clauses.chapters(protocol) for clause in chapter.clauses]
    shown = " ".join(f"{clause.path} {clause.value}" for clause in found)
    for name, value in _leaves(protocol.model_dump(mode="json", by_alias=True)):
        if name != "schema" and value is not None and not isinstance(value, bool):
            assert str(value) in shown, name
    assert len({clause.path for clause in found}) == len(found)


def _leaves(value, name=""):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, name)
    else:
        yield name, value


def test_each_value_has_its_place_its_meaning_and_its_unit(body):
    protocol = protocol_document.parse(body)
    chapters = {chapter.name: chapter for chapter in clauses.chapters(protocol)}
    by_path = {item.path: item for chapter in chapters.values() for item in chapter.clauses}
    longest = by_path["budget.run_wall_clock_s"]
    assert (longest.value, longest.unit) == ("1800", "seconds")
    assert longest.meaning == "Longest duration of a run"
    assert by_path["analysis.metrics[0].id"].value == "accuracy"
    assert by_path["harness.parameters.temperature.exact"].value == "0"
    assert by_path["parties.observers"].value == "one, two"
    assert by_path["publication.embargo_until"].value == "none"
    assert by_path["disclosure.identity_verdict"].value == "no"
    assert all(item.meaning for item in by_path.values())
    assert all(
        re.match(rf"{name}\.", item.path) for name in chapters for item in chapters[name].clauses
    )
