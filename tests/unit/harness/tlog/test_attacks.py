"""One attack per test: somebody with keys lies in one place, and the right check says so."""

import json
from dataclasses import replace

import pytest

from harness.tlog import trust_root
from harness.tlog.verify import verify
from tests.unit.harness.tlog import chain
from tests.unit.harness.tlog.chain import OTHER, Story, honest, root_bytes

PIN = trust_root.digest(root_bytes())


def failures(story, **changes):
    verdict = verify(story.bundle(**changes), PIN)
    assert not verdict.passed
    assert not any(c.detail == "could not be evaluated" for c in verdict.checks)
    return set(verdict.failures)


# The file and the log


def test_checkpoint_of_a_foreign_log_key():
    story = honest()
    assert failures(story, checkpoint=story.note(log="other-log")) == {
        "checkpoint-signature",
        "inclusion",
    }


def test_checkpoint_of_another_log():
    story = honest()
    assert "checkpoint-signature" in failures(story, checkpoint=story.note(origin="else.example"))


def test_checkpoint_of_another_tree():
    story = honest()
    note = honest().note()
    assert failures(story, checkpoint=note) == {"inclusion"}


def test_checkpoint_with_a_signature_nobody_checks():
    story = honest()
    note = story.note() + "— witness.example " + chain.b64(bytes(68)) + "\n"
    assert failures(story, checkpoint=note) == {"checkpoint-signature"}


@pytest.mark.parametrize("which", [0, 3, 6])
def test_truncated_proof(which):
    story = honest()
    entries = story.entries()
    entries[which] = replace(entries[which], proof=entries[which].proof[:-1])
    assert failures(story, entries=entries) == {"inclusion"}


def test_a_statement_that_was_never_logged():
    story, other = honest(), honest()
    # Both stories are honest; their run-ends differ in nothing but the signature.
    entries = story.entries()
    entries[5] = replace(entries[5], envelope=other.entries()[5].envelope)
    assert failures(story, entries=entries) == {"inclusion"}


def test_a_leaf_in_place_of_another():
    story = honest()
    entries = story.entries()
    entries[5] = replace(entries[4], index=5)
    assert "inclusion" in failures(story, entries=entries)


def test_entries_reordered():
    story = honest()
    value = json.loads(story.bundle())
    value["entries"][4:6] = value["entries"][5:3:-1]
    verdict = verify(chain.encode(value), PIN)
    assert verdict.failures == ("order",)


def test_an_entry_twice():
    story = honest()
    value = json.loads(story.bundle())
    value["entries"].insert(5, value["entries"][5])
    assert "order" in verify(chain.encode(value), PIN).failures


def test_an_unknown_field():
    value = json.loads(honest().bundle())
    value["entries"][0]["comment"] = "harmless"
    assert "bundle-canonical" in verify(chain.encode(value), PIN).failures


@pytest.mark.parametrize("where", ["schema", "kind"])
def test_a_bundle_of_another_version(where):
    value = json.loads(honest().bundle())
    if where == "schema":
        value["schema"] = "assay.bundle/2"
    else:
        value["entries"][0]["kind"] = "protocol-rumour"
    assert "bundle-canonical" in verify(chain.encode(value), PIN).failures


def test_documents_of_another_version():
    assert "report-bytes" in failures(honest(schema="assay.report/2"))
    terms = chain.protocol() | {"schema": "assay.protocol/2"}
    assert "protocol-bytes" in failures(honest(terms))


def test_a_statement_about_nothing():
    story = Story()
    story.propose()
    story.approve("auditor")
    story.approve("vendor", about={"agreement": OTHER})
    story.activate()
    story.run(1).write().publish()
    assert failures(story) == {"protocol-bytes"}


# Signatures and keys


def test_a_signature_over_other_bytes():
    story = honest()
    link = story.links[5]
    envelope = json.loads(link.envelope)
    envelope["payload"] = chain.b64(link.payload.replace(b"RELEASED", b"FAILED"))
    story.links[5] = replace(link, envelope=chain.encode(envelope))
    assert {"statement-signatures", "inclusion"} <= failures(story)


def test_an_envelope_that_names_another_key():
    story = honest()
    link = story.links[5]
    envelope = json.loads(link.envelope)
    envelope["signatures"][0]["keyid"] = chain.key_id("vendor")
    story.links[5] = replace(link, envelope=chain.encode(envelope))
    assert failures(story) == {"statement-signatures"}


def test_an_envelope_with_two_signatures():
    story = honest()
    link = story.links[5]
    envelope = json.loads(link.envelope)
    envelope["signatures"] *= 2
    story.links[5] = replace(link, envelope=chain.encode(envelope))
    assert "statement-signatures" in failures(story)


def test_a_statement_under_another_kind():
    story = honest()
    story.links[5] = replace(story.links[5], kind="run-refund")
    assert "statement-signatures" in failures(story)


def test_a_withheld_run_end():
    story = honest()
    entries = story.entries()
    entries[5] = replace(entries[5], envelope=None)
    assert failures(story, entries=entries) == {"statement-signatures", "ordinals"}


def test_a_withheld_receipt_under_a_borrowed_key():
    story = Story().agree()
    story.start(1)
    story.log("run-receipt", "stranger", story.about, {"run": "run1"})
    story.end(1)
    story.write().publish()
    entries = [
        replace(e, envelope=None, verifier=chain.spki("server")) if e.kind == "run-receipt" else e
        for e in story.entries()
    ]
    assert failures(story, entries=entries) == {"inclusion"}


def test_a_short_nonce():
    story = Story().agree()
    story.start(1, nonce="0123456789abcdef")
    story.end(1)
    story.write().publish()
    assert "statement-signatures" in failures(story)


def test_the_approvers_key_is_not_the_partys():
    story = Story()
    story.propose()
    story.approve("auditor")
    story.approve("vendor", by="stranger")
    story.activate()
    story.run(1).write().publish()
    assert failures(story) == {"keys"}


def test_the_proposers_key_is_not_the_partys():
    story = Story()
    story.propose(by="stranger")
    story.approve("auditor")
    story.approve("vendor")
    story.activate()
    story.run(1).write().publish()
    assert failures(story) == {"keys"}


@pytest.mark.parametrize("step", ["activate", "start", "end", "publish"])
def test_a_server_statement_by_another_key(step):
    signer = dict.fromkeys(["activate", "start", "end", "publish"], "server")
    signer[step] = "stranger"
    story = Story()
    story.propose()
    story.approve("auditor")
    story.approve("vendor")
    story.activate(by=signer["activate"])
    story.start(1, by=signer["start"])
    story.end(1, by=signer["end"])
    story.write().publish(by=signer["publish"])
    assert failures(story) == {"keys"}


def test_the_server_as_a_party():
    terms = chain.protocol()
    terms["parties"]["vendor"]["key_id"] = chain.key_id("server")
    story = Story(terms)
    story.propose()
    story.approve("auditor")
    story.approve("vendor", by="server")
    story.activate()
    story.run(1).write().publish()
    assert failures(story) == {"keys"}


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
