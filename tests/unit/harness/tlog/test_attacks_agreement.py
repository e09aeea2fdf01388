"""One attack per test: somebody with keys lies in one place, and the right check says so."""

import pytest

from tests.unit.harness.tlog import chain
from tests.unit.harness.tlog.chain import OTHER, Story, honest
from tests.unit.harness.tlog.judge import failures

# The agreement


def test_a_swapped_protocol():
    story = honest()
    swapped = chain.encode(chain.protocol(budget={"runs": 2, "run_wall_clock_s": 9}))
    assert failures(story, protocol=swapped) == {"protocol-bytes"}


def test_a_swapped_report():
    story = honest()
    swapped = story.report.replace(b"It counts.", b"It sings. ")
    found = failures(story, report=swapped)
    assert "report-bytes" in found


def test_a_report_about_another_protocol():
    story = Story().agree().run(1).write(protocol=OTHER).publish()
    assert failures(story) == {"protocol-bytes"}


@pytest.mark.parametrize("field", ["protocol", "suite", "image"])
def test_a_run_of_something_else(field):
    story = Story().agree()
    story.start(1, **{field: OTHER})
    story.end(1)
    story.write().publish()
    assert failures(story) == {"protocol-bytes"}


def test_an_approval_of_another_protocol():
    story = Story()
    story.propose()
    story.approve("auditor")
    story.approve("vendor", about={"protocol": OTHER})
    story.activate()
    story.run(1).write().publish()
    assert failures(story) == {"protocol-bytes"}


@pytest.mark.parametrize("missing", ["auditor", "vendor"])
def test_a_missing_approval(missing):
    story = Story()
    story.propose()
    story.approve("vendor" if missing == "auditor" else "auditor")
    story.activate()
    story.run(1).write().publish()
    assert failures(story) == {"approvals", "activation"}


def test_both_approvals_by_one_key():
    terms = chain.protocol()
    terms["parties"]["vendor"]["key_id"] = chain.key_id("auditor")
    story = Story(terms)
    story.propose()
    story.approve("auditor")
    story.approve("vendor", by="auditor")
    story.activate()
    story.run(1).write().publish()
    assert failures(story) == {"approvals"}


def test_both_approvals_by_one_organisation():
    terms = chain.protocol()
    terms["parties"]["vendor"]["organisation"] = "example  UNIVERSITY"
    model = {"vendor": "example  UNIVERSITY", "model": "small", "snapshot": "1"}
    assert failures(honest(terms, model=model)) == {"approvals"}


def test_one_party_approves_twice():
    story = Story()
    story.propose()
    story.approve("auditor")
    story.approve("vendor")
    story.approve("vendor")
    story.activate()
    story.run(1).write().publish()
    assert failures(story) == {"approvals", "activation"}


@pytest.mark.parametrize(
    "lie",
    [
        {"organisation": "Somebody"},
        {"decision": "decline"},
        {"valid_until": "2026-01-01T00:00:00Z"},
        {"valid_until": "for ever"},
    ],
)
def test_an_approval_that_is_none(lie):
    story = Story()
    story.propose()
    story.approve("auditor")
    story.approve("vendor", **lie)
    story.activate()
    story.run(1).write().publish()
    assert failures(story) == {"approvals"}


@pytest.mark.parametrize("field", ["index", "statement", "role"])
def test_an_activation_of_other_approvals(field):
    story = Story()
    story.propose()
    story.approve("auditor")
    vendor = story.approve("vendor")
    listed = [
        {"role": "auditor", "index": 1, "statement": story.links[1].digest},
        {"role": "vendor", "index": 2, "statement": vendor.digest},
    ]
    listed[1][field] = {"index": 7, "statement": OTHER, "role": "auditor"}[field]
    story.activate(approvals=listed)
    story.run(1).write().publish()
    assert failures(story) == {"activation"}


def test_no_activation():
    story = Story()
    story.propose()
    story.approve("auditor")
    story.approve("vendor")
    story.run(1).write().publish()
    assert failures(story) == {"approvals", "activation", "order"}


@pytest.mark.parametrize("lie", [{"activation_index": 2}, {"prev": OTHER}, {"prev": None}])
def test_a_run_that_follows_no_activation(lie):
    story = Story().agree()
    story.start(1, **lie)
    story.end(1)
    story.write().publish()
    assert failures(story) == {"activation"}


def test_a_report_that_names_another_activation():
    story = Story().agree().run(1).write().publish(activation_index=2)
    assert failures(story) == {"activation"}
