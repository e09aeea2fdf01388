"""Signing on a machine without a server: one file, taken by the commands that need it."""

import json

import pytest

from evals import pack
from harness.documents import signatures
from harness.documents.envelope import parse
from harness.documents.signer import PrivateKey
from tests.integration.commands.conftest import write_suite

DRAFT = ("--model", "small", "--profile", "university")


@pytest.fixture
def packed(assay, place, tmp_path):
    """A packed suite that nobody has submitted."""
    write_suite(tmp_path / "other", suite=[("id: numbers", "id: others")])
    assert assay("suite", "pack", "other", "--out", "other.tar").status == 0
    return "other.tar"


def kinds(tmp_path, name):
    """What a file of signatures holds, each verified by the auditor's key."""
    value = json.loads((tmp_path / name).read_bytes())
    key = PrivateKey.from_pem((tmp_path / "auditor.pem").read_bytes()).public
    for envelope in signatures.read((tmp_path / name).read_bytes(), *value["envelopes"]):
        parse(envelope).verify(key)
    return sorted(value["envelopes"])


def test_a_suite_is_signed_offline_and_submitted(assay, packed, tmp_path):
    done = assay("sign", packed, "--key", "auditor.pem", "--org", "university")
    assert done.status == 0, done
    assert done.one("signed") == pack.digest((tmp_path / packed).read_bytes())
    assert kinds(tmp_path, done.one("signatures")) == ["submission"]
    words = ("suite", "submit", packed, "--signatures", done.one("signatures"))
    taken = assay(*words, "--profile", "university")
    assert taken.status == 0, taken
    assert taken.one("digest") == done.one("signed")
    assert done.one("signed") in assay("suite", "list", "--profile", "university").out


def test_a_suite_is_signed_for_somebody(assay, packed, tmp_path):
    done = assay("sign", packed, "--key", "auditor.pem")
    assert (done.status, done.err) == (2, "invalid_input --org: is needed to sign a suite\n")
    assert not (tmp_path / "other.tar.signatures.json").exists()


def test_the_signature_of_another_suite_is_refused(assay, packed, place, suite):
    assert assay("suite", "pack", suite, "--out", "sums.tar").status == 0
    assay("sign", "sums.tar", "--key", "auditor.pem", "--org", "university", "--out", "wrong")
    words = ("suite", "submit", packed, "--signatures", "wrong", "--profile", "university")
    done = assay(*words)
    assert (done.status, done.out) == (2, "")
    assert "signs another suite" in done.err


def test_a_draft_is_signed_offline_and_proposed(assay, place, tmp_path):
    drafted = assay("protocol", "draft", "--suite", place, *DRAFT, "--out", "draft.json")
    assert drafted.status == 0, drafted
    assert "3.322 bits" in drafted.out
    signed = assay("sign", "draft.json", "--key", "auditor.pem", "--json")
    facts = json.loads(signed.out)
    assert facts["signed"] == drafted.one("digest")
    assert facts["as"] == "auditor university"
    assert kinds(tmp_path, facts["signatures"]) == ["approval", "proposal"]
    words = ("protocol", "submit", "draft.json", "--signatures", facts["signatures"])
    done = assay(*words, "--profile", "university")
    assert done.status == 0, done
    assert done.one("proposed") == drafted.one("draft")
    listed = assay("protocol", "list", "--json", "--profile", "university")
    assert [(row["id"], row["state"]) for row in json.loads(listed.out)] == [
        (drafted.one("draft"), "PROPOSED")
    ]


def test_the_vendors_file_proposes_nothing(assay, place):
    assay("protocol", "draft", "--suite", place, *DRAFT, "--out", "draft.json")
    assay("sign", "draft.json", "--key", "vendor.pem", "--out", "vendor.signatures")
    words = ("protocol", "submit", "draft.json", "--signatures", "vendor.signatures")
    done = assay(*words, "--profile", "university")
    assert (done.status, done.out) == (2, "")
    assert "signatures: the file holds no proposal" in done.err


def test_what_is_neither_a_suite_nor_a_protocol_is_not_signed(assay, place, tmp_path):
    (tmp_path / "letter").write_text("Dear Sir or Madam")
    done = assay("sign", "letter", "--key", "auditor.pem", "--org", "university")
    assert (done.status, done.out) == (2, "")
    assert not (tmp_path / "letter.signatures.json").exists()
