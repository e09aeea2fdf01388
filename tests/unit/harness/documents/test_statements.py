import json

import pytest

from harness.documents import canonical, envelope, signer, statements

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
NOW, NONCE = "2026-11-20T12:00:00Z", "0123456789abcdef" * 2
RUN = {"run": "0a1b2c3d4e5f6071", "ordinal": 1}

# Kind: its subjects and its own fields.
EXAMPLES = {
    "suite-submission": (
        {"suite": A},
        {
            "organisation": "University of the North",
            "id": "arithmetic_words",
            "version": "1.0.0",
            "samples": 100,
            "metrics": [{"id": "correct", "lo": 0, "hi": 1, "labels": []}],
            "contact": "audit@example.org",
        },
    ),
    "protocol-proposal": (
        {"protocol": A},
        {"organisation": "University of the North", "role": "auditor", "parent": None},
    ),
    "protocol-approval": (
        {"protocol": A},
        {
            "organisation": "Vendor AG",
            "role": "vendor",
            "decision": "approve",
            "valid_until": "2026-12-01T00:00:00Z",
        },
    ),
    "protocol-activation": (
        {"protocol": A},
        {
            "approvals": [
                {"organisation": "N", "role": "auditor", "statement": A, "index": 1},
                {"organisation": "V", "role": "vendor", "statement": B, "index": 2},
            ]
        },
    ),
    "run-start": (
        {"protocol": A, "suite": B},
        {
            **RUN,
            "protocol": A,
            "activation_index": 3,
            "of": 3,
            "suite": B,
            "image": A,
            "harness": "assay 0.1.0",
            "due": "2026-11-20T13:00:00Z",
            "slot": None,
            "alphabet": "266",
            "bits": "8.055283",
            "compared": None,
        },
    ),
    "run-end": ({"protocol": A}, {**RUN, "outcome": "RELEASED"}),
    "run-receipt": (
        {"protocol": A},
        {
            **RUN,
            "category": "RELEASED",
            "grant": B,
            **dict.fromkeys(("requests", "attempts", "retries", "replies", "vendor_errors"), 0),
            **dict.fromkeys(("denied", "tokens_in", "tokens_out", "cost_microusd"), 0),
        },
    ),
    "run-refund": ({"protocol": A}, {**RUN, "bits": "8.055283"}),
    "report": (
        {"report": A},
        {
            **RUN,
            "protocol": B,
            "activation_index": 3,
            "attempts": [{"ordinal": 1, "outcome": "RELEASED"}],
        },
    ),
    "log-restore": ({"checkpoint": A}, {"size": 3, "made_at": NOW}),
}


def _make(kind, subjects=None, **changes):
    known, fields = EXAMPLES[kind]
    return statements.statement(
        kind,
        known if subjects is None else subjects,
        {**fields, **changes},
        issued_at=NOW,
        nonce=NONCE,
        prev=B,
    )


def test_there_is_an_example_of_every_kind():
    assert EXAMPLES.keys() == statements.KINDS.keys()


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_statement_is_in_toto_v1_and_is_read_back(kind):
    payload = _make(kind)
    subjects, fields = EXAMPLES[kind]
    value = json.loads(payload)
    assert value["_type"] == "https://in-toto.io/Statement/v1"
    assert value["predicateType"] == f"tag:assay,2026:predicate/{kind}/v1"
    assert {
        item["name"]: "sha256:" + item["digest"]["sha256"] for item in value["subject"]
    } == subjects
    common = {"schema": f"assay.{kind}/1", "issuedAt": NOW, "nonce": NONCE, "prev": B}
    assert value["predicate"] == {**fields, **common}
    read = statements.parse(payload, kind)
    assert (read.kind, dict(read.subjects)) == (kind, subjects)
    # Unset is what a run-start without noise does not have.
    dumped = read.predicate.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert dumped == value["predicate"]


@pytest.mark.parametrize("kind", EXAMPLES)
def test_each_field_is_required_and_no_other_is_known(kind):
    payload = json.loads(_make(kind))
    for name in [*payload["predicate"], *payload]:
        holder = payload["predicate"] if name in payload["predicate"] else payload
        kept = holder.pop(name)
        with pytest.raises(statements.StatementError):
            statements.parse(canonical.dumps(payload), kind)
        holder[name] = kept
    statements.parse(canonical.dumps(payload), kind)
    with pytest.raises(statements.StatementError, match="note"):
        _make(kind, note="x")


@pytest.mark.parametrize("kind", EXAMPLES)
def test_no_statement_is_read_as_another_kind(kind):
    for other in EXAMPLES.keys() - {kind}:
        with pytest.raises(statements.StatementError):
            statements.parse(_make(kind), other)


@pytest.mark.parametrize(
    "subjects",
    [{}, {"protocol": A, "more": B}, {"suite": A}, {"protocol": "a" * 64}, {"protocol": "sha1:0"}],
)
def test_a_statement_is_about_what_its_kind_says(subjects):
    with pytest.raises(statements.StatementError):
        _make("run-end", subjects)


def test_a_subject_named_twice_is_refused():
    value = json.loads(_make("run-end"))
    value["subject"] *= 2
    with pytest.raises(statements.StatementError, match="something else"):
        statements.parse(canonical.dumps(value), "run-end")


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("run-end", {"outcome": "OVER_BUDGET"}),
        ("run-end", {"ordinal": 0}),
        ("run-end", {"run": "../x"}),
        ("run-start", {"alphabet": 266}),
        ("run-start", {"slot": "soon"}),
        ("protocol-approval", {"decision": "reject"}),
        ("protocol-approval", {"role": "operator"}),
        ("protocol-activation", {"approvals": []}),
        ("run-receipt", {"category": "the model said no"}),
        ("report", {"attempts": []}),
    ],
)
def test_bad_fields_are_refused(kind, changes):
    with pytest.raises(statements.StatementError, match=next(iter(changes))):
        _make(kind, **changes)


@pytest.mark.parametrize(
    "common",
    [
        {"nonce": "short"},
        {"nonce": "0" * 31},
        {"issued_at": "2026-11-20 12:00"},
        {"prev": "sha256:x"},
    ],
)
def test_bad_common_fields_are_refused(common):
    subjects, fields = EXAMPLES["run-end"]
    good = {"issued_at": NOW, "nonce": NONCE, "prev": None}
    statements.statement("run-end", subjects, fields, **good)
    with pytest.raises(statements.StatementError):
        statements.statement("run-end", subjects, fields, **{**good, **common})


def test_common_fields_cannot_be_overridden():
    for name in ("schema", "issuedAt", "nonce", "prev"):
        with pytest.raises(statements.StatementError, match="common"):
            _make("run-end", **{name: NONCE})


def test_an_unknown_kind_is_refused():
    with pytest.raises(statements.StatementError, match="no such kind"):
        statements.parse(_make("run-end"), "run-middle")


def test_a_statement_survives_its_envelope():
    key = signer.generate("p256")
    sealed = envelope.parse(envelope.seal(_make("report"), key).to_bytes())
    sealed.verify(key.public)
    assert statements.parse(sealed.payload, "report").subjects == {"report": A}
