"""The file of offline signatures: the same bytes come out, and nothing else is taken."""

import json

import pytest

from harness.documents import canonical, signatures
from harness.documents.envelope import parse, seal
from harness.documents.signer import generate
from harness.errors import InvalidInput

KEY = generate("ed25519")
PROPOSAL = seal(b'{"a":1}', KEY).to_bytes()
APPROVAL = seal('{"b":"ü"}'.encode(), KEY).to_bytes()


@pytest.fixture
def data():
    return signatures.build({"proposal": PROPOSAL, "approval": APPROVAL})


def test_the_very_bytes_come_out_in_the_order_asked_for(data):
    assert signatures.read(data, "approval", "proposal") == (APPROVAL, PROPOSAL)
    parse(signatures.read(data, "approval")[0]).verify(KEY.public)


def test_what_the_file_lacks_is_named(data):
    with pytest.raises(InvalidInput, match=r"^signatures: the file holds no submission; sign"):
        signatures.read(data, "submission")


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"\x00\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        APPROVAL,
        canonical.dumps({"schema": "assay.signatures/2", "envelopes": {}}),
        canonical.dumps({"schema": "assay.signatures/1", "envelopes": []}),
        canonical.dumps({"schema": "assay.signatures/1", "envelopes": {}, "more": 1}),
        canonical.dumps({"schema": 1, "envelopes": {"approval": "x" * signatures.MAX_BYTES}}),
    ],
)
def test_another_file_is_refused_in_a_sentence_about_the_field(other):
    with pytest.raises(InvalidInput, match=r"^signatures: ") as caught:
        signatures.read(other, "approval")
    assert len(caught.value.problems) == 1


def test_a_file_that_was_laid_out_anew_is_refused(data):
    with pytest.raises(InvalidInput):
        signatures.read(json.dumps(json.loads(data), indent=2).encode(), "approval")


def test_whatever_stands_under_a_name_comes_out_for_the_judge():
    data = canonical.dumps({"schema": signatures.SCHEMA, "envelopes": {"approval": None}})
    assert signatures.read(data, "approval") == (b"null",)


def test_an_unknown_name_is_not_written():
    with pytest.raises(ValueError, match="no reader knows"):
        signatures.build({"consent": APPROVAL})
