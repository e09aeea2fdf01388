"""One attack per test: somebody with keys lies in one place, and the right check says so."""

import json
from dataclasses import replace

import pytest

from harness.tlog.verify import verify
from tests.unit.harness.tlog import chain
from tests.unit.harness.tlog.chain import OTHER, Story, honest
from tests.unit.harness.tlog.judge import PIN, failures

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
