import json

import pytest

from harness.tlog import errors, statement
from tests.unit.harness.tlog.chain import Story, encode

LINK = Story().propose()


def test_a_statement_is_named_by_its_signed_bytes():
    envelope = statement.read_envelope(LINK.envelope)
    envelope.check_signature(LINK.verifier)
    read = statement.read_statement(envelope, "protocol-proposal")
    assert read.digest == LINK.digest
    assert read.subjects.keys() == {"protocol"}


def test_the_encoding_before_signing_is_that_of_the_specification():
    # The example of the DSSE protocol page, with our payload type in place of its own.
    envelope = statement.Envelope(b"hello world", "", b"")
    assert envelope.signed == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"


@pytest.mark.parametrize(
    "change",
    [
        {"payloadType": "application/json"},
        {"signatures": []},
        {"signatures": [{"keyid": "x", "sig": "AAAA"}]},
        {"signatures": {}},
        {"comment": ""},
        {"payload": "AAB="},
        {"payload": None},
    ],
)
def test_another_envelope_is_refused(change):
    with pytest.raises(errors.ReadError):
        statement.read_envelope(encode(json.loads(LINK.envelope) | change))


def test_other_spacing_is_refused():
    with pytest.raises(errors.ReadError, match="canonical"):
        statement.read_envelope(LINK.envelope + b"\n")


def read(change):
    value = json.loads(LINK.payload)
    change(value)
    envelope = statement.Envelope(encode(value), "", b"")
    return statement.read_statement(envelope, "protocol-proposal")


@pytest.mark.parametrize(
    ("message", "change"),
    [
        ("_type", lambda v: v.update(_type="https://in-toto.io/Statement/v0.1")),
        ("predicateType", lambda v: v.update(predicateType="tag:assay,2026:predicate/report/v1")),
        ("subject twice", lambda v: v["subject"].append(v["subject"][0])),
        ("digest", lambda v: v["subject"][0].update(digest={"sha512": "0" * 64})),
        ("digest", lambda v: v["subject"][0]["digest"].update(sha256="A" * 64)),
        ("nonce", lambda v: v["predicate"].update(nonce="0" * 21)),
        ("nonce", lambda v: v["predicate"].pop("nonce")),
        ("schema", lambda v: v["predicate"].pop("schema")),
        ("prev", lambda v: v["predicate"].update(prev="sha256:0")),
        ("issuedAt", lambda v: v["predicate"].update(issuedAt="yesterday")),
    ],
)
def test_another_statement_is_refused(message, change):
    with pytest.raises(errors.ReadError, match=message):
        read(change)


def test_a_later_versions_fields_are_ignored():
    assert read(lambda v: v["predicate"].update(reason="new")).subjects.keys() == {"protocol"}
