"""One attack per test: somebody with keys lies in one place, and the right check says so."""

from dataclasses import replace

import pytest

from tests.unit.harness.tlog.chain import Story, honest
from tests.unit.harness.tlog.judge import failures

# Order


def test_an_approval_after_the_activation():
    story = Story()
    story.propose()
    story.approve("auditor")
    story.activate()
    story.approve("vendor")
    story.run(1).write().publish()
    assert failures(story) == {"activation", "order"}


def test_a_run_before_the_activation():
    story = Story()
    story.propose()
    story.approve("auditor")
    story.approve("vendor")
    story.start(1)
    story.activate()
    story.end(1)
    story.write().publish()
    assert failures(story) == {"activation", "order"}


def test_an_approval_before_the_proposal():
    story = Story()
    story.approve("auditor")
    story.propose()
    story.approve("vendor")
    story.activate()
    story.run(1).write().publish()
    assert failures(story) == {"order"}


def test_a_run_end_after_the_report():
    story = Story().agree()
    story.start(1)
    story.line[0]["outcome"] = "RELEASED"
    story.write().publish()
    story.end(1)
    assert failures(story) == {"order"}


def test_a_bundle_that_goes_on_after_its_report():
    story = honest()
    story.start(2)
    assert failures(story) == {"order", "ordinals"}
    receipt = honest()
    receipt.log("run-receipt", "server", receipt.about, {"run": "run1"})
    assert failures(receipt) == {"order"}


def test_an_end_of_no_run():
    story = Story().agree().run(1)
    story.end(2)
    assert failures(story.write().publish()) == {"order", "ordinals"}


def test_an_end_that_names_another_run():
    story = Story().agree()
    story.start(1)
    story.end(1, run="run2")
    assert failures(story.write().publish()) == {"order", "ordinals"}


def test_only_the_report_hides_a_failed_attempt():
    story = Story().agree().run(1, "FAILED").run(2)
    line = [{"ordinal": 1, "outcome": "REFUNDED"}, {"ordinal": 2, "outcome": "RELEASED"}]
    run = {"id": "run2", "ordinal": 2, "of": 2, "attempt_line": line}
    assert failures(story.write(2, run=run).publish(2)) == {"ordinals"}


def test_a_run_end_before_its_start():
    story = Story().agree()
    story.end(1)
    story.start(1)
    story.line[0]["outcome"] = "RELEASED"
    story.write().publish()
    assert failures(story) == {"order"}


def test_a_statement_that_follows_a_later_one():
    story = Story().agree()
    story.start(1)
    story.end(1)
    story.write()
    twin = Story(story.terms)
    twin.links, twin.line, twin.report = list(story.links), story.line, story.report
    # The run-end claims to follow the report, whose digest is known before it is logged.
    twin.publish()
    later = twin.links[-1]
    story.links[5] = story.log(
        "run-end",
        "server",
        story.about,
        {"run": "run1", "ordinal": 1, "outcome": "RELEASED"},
        prev=later.digest,
    )
    story.links.pop()
    story.links[5] = replace(story.links[5], index=5)
    story.links.append(replace(later, index=6))
    assert failures(story) == {"order"}


# Attempts


def test_a_report_without_a_run_end():
    story = Story().agree()
    story.start(1)
    story.line[0]["outcome"] = "RELEASED"
    story.write().publish()
    assert failures(story) == {"ordinals"}


def test_a_report_of_a_failed_run():
    story = Story().agree().run(1, "FAILED").write().publish()
    assert failures(story) == {"ordinals"}


def test_an_ordinal_gap():
    story = Story().agree().run(1, "FAILED").run(3).write(3).publish(3)
    assert failures(story) == {"order", "ordinals"}


def test_a_failed_attempt_left_out_of_the_report():
    story = Story().agree().run(1, "FAILED").run(2)
    story.line = [{"ordinal": 2, "outcome": "RELEASED"}]
    story.write(2).publish(2)
    assert failures(story) == {"ordinals"}


def test_a_failed_attempt_left_out_of_the_bundle():
    story = Story().agree().run(1, "FAILED").run(2)
    story.write(2).publish(2)
    entries = [e for e in story.entries() if e.index not in {4, 5}]
    assert failures(story, entries=entries) == {"order", "ordinals"}


def test_a_failed_attempt_called_pending():
    story = Story().agree().run(1, "FAILED").run(2)
    story.line[0]["outcome"] = "PENDING"
    story.write(2).publish(2)
    assert failures(story) == {"ordinals"}


def test_statement_and_report_list_different_attempts():
    story = Story().agree().run(1, "FAILED").run(2).write(2)
    story.line[0]["outcome"] = "REFUNDED"
    story.publish(2)
    assert failures(story) == {"ordinals"}


def test_a_run_that_ends_twice():
    story = Story().agree().run(1, "FAILED")
    story.refund(1)
    story.run(2).write(2).publish(2)
    assert failures(story) == {"order", "ordinals"}


def test_more_runs_than_agreed():
    story = Story().agree().run(1, "FAILED").run(2, "FAILED").run(3).write(3).publish(3)
    assert failures(story) == {"ordinals"}


def test_more_refunds_than_agreed():
    story = Story().agree()
    for ordinal in range(1, 6):
        story.start(ordinal)
        story.refund(ordinal)
    story.run(6).write(6).publish(6)
    assert failures(story) == {"ordinals"}


def test_two_reports_of_one_run():
    story = honest()
    story.write(completeness=None, released_at="2026-02-02T00:00:00Z").publish()
    assert failures(story) == {"ordinals"}


def test_two_runs_of_one_name():
    story = Story().agree().run(1, "FAILED")
    story.start(2, run="run1")
    story.end(2, run="run1")
    story.write(2).publish(2, run="run1")
    assert failures(story) == {"order", "ordinals"}


@pytest.mark.parametrize("lie", [{"ordinal": 2}, {"of": 3}, {"id": "run2"}])
def test_a_report_that_counts_wrongly(lie):
    story = Story().agree().run(1)
    run = {"id": "run1", "ordinal": 1, "of": 2, "attempt_line": story.line} | lie
    assert failures(story.write(run=run).publish()) == {"ordinals"}


def test_a_run_start_with_another_maximum():
    story = Story().agree()
    story.start(1, of=3)
    story.end(1)
    assert failures(story.write().publish()) == {"ordinals"}


def test_an_ending_outside_the_vocabulary():
    story = Story().agree()
    story.start(1)
    story.end(1, "EXCELLENT")
    assert failures(story.write().publish()) == {"order", "ordinals"}
