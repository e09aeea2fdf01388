"""From a draft to an agreement that both parties signed, by commands on a real data folder."""

import json
import re

import pytest

from harness.documents import canonical
from harness.documents import protocol as protocol_document
from harness.records import log, protocols
from tests.integration.commands.conftest import opened

DRAFT = ("protocol", "propose", "--model", "small", "--profile", "university")


@pytest.fixture
def stored(tmp_path):
    """What the server holds of agreements: states by id, and the kinds of its statements."""

    def look():
        with opened(tmp_path) as platform, platform.database.read() as session:
            rows = {row.id: row.state for row in session.query(protocols.Protocol)}
            kinds = [row.kind for row in session.query(log.Statement) if row.protocol]
        return rows, sorted(kinds)

    return look


def test_a_dry_run_shows_the_preview_and_stores_nothing(assay, place, stored):
    before = stored()
    done = assay(*DRAFT, "--suite", place, "--dry-run")
    assert done.status == 0, done
    assert "accuracy" in done.out
    # Forty samples in steps of five: levels 0 to 8, and FAILED.
    assert "3.322 bits" in done.out
    assert "Nothing was signed" in done.out
    assert stored() == before == ({}, [])


def test_a_dry_run_for_programs(assay, place):
    done = assay(*DRAFT, "--suite", place, "--dry-run", "--json")
    value = json.loads(done.out)
    assert (value["id"], value["digest"]) == (None, None)
    assert (value["preview"]["alphabet"], value["preview"]["bits"]) == ("10", "3.322")
    parts = {part["symbol"]: part["count"] for part in value["preview"]["factors"]}
    assert parts == {"T": "1", "L": "9", "Q": "1", "V": "1", "D": "1", "F": "1"}


def test_a_proposal_needs_a_key(assay, place, stored):
    done = assay(*DRAFT, "--suite", place)
    assert (done.status, done.out) == (2, "")
    assert "--key" in done.err
    assert stored() == ({}, [])


@pytest.mark.parametrize("key", ["vendor.pem", "auditor.pem.pub", "nowhere.pem"])
def test_a_proposal_by_a_wrong_key_is_refused(assay, place, key, stored):
    done = assay(*DRAFT, "--suite", place, "--key", key)
    assert (done.status, done.out) == (2, "")
    assert stored() == ({}, [])


def test_a_dry_run_is_judged_like_a_proposal(assay, place, tmp_path):
    (tmp_path / "terms.yaml").write_text("run_wall_clock_s: 1000000\n")
    words = (*DRAFT, "--suite", place, "--terms", "terms.yaml")
    errors = [assay(*words, *more).err for more in (("--dry-run",), ("--key", "auditor.pem"))]
    assert errors[0] == errors[1]
    assert "budget.run_wall_clock_s: this operator allows at most 21600" in errors[0]


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ("favourite: blue\n", "terms:1: favourite: "),
        ("claim: {sentence: s, favourite: blue}\n", "terms:1: claim.favourite: "),
        ("epochs: 0\n", "terms:1: epochs: "),
        ("epochs: '1'\n", "terms:1: epochs: "),
        ("release: sometimes\n", "terms:1: release: "),
        ("claim: {decision: {metric: accuracy, threshold: 0.5}}\n", "claim.decision.threshold: "),
        ("- a list\n", "terms:1: file: "),
        ("a: [\n", "terms:2: file: is not YAML"),
        ("!!python/object/apply:os.system [id]\n", "terms:1: file: must not carry a tag"),
        ("epochs: 1\nepochs: 2\n", "terms:2: epochs: appears twice"),
        ("embargo_until: tomorrow\n", "publication.embargo_until: "),
        ("claim: {decision: {metric: none, threshold: '0.5'}}\n", "claim.decision.metric: "),
    ],
)
def test_wrong_terms_are_refused_by_field(assay, place, tmp_path, terms, field, stored):
    (tmp_path / "terms.yaml").write_text(terms)
    done = assay(*DRAFT, "--suite", place, "--terms", "terms.yaml", "--key", "auditor.pem")
    assert (done.status, done.out) == (2, "")
    assert field in done.err
    assert "Traceback" not in done.err
    assert stored() == ({}, [])


def test_every_wrong_field_is_named_at_once(assay, place, tmp_path):
    (tmp_path / "terms.yaml").write_text("epochs: 0\nruns: 0\nfavourite: blue\n")
    done = assay(*DRAFT, "--suite", place, "--terms", "terms.yaml", "--dry-run")
    assert [line.split(": ")[1] for line in done.err.splitlines()] == [
        "epochs",
        "runs",
        "favourite",
    ]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--suite", "f00", "--model", "small"), "no suite"),
        (("--suite", "", "--model", "great"), "no model named great"),
    ],
)
def test_what_is_not_there_is_named(assay, place, words, what):
    suite, model = words[1] or place, words[3]
    done = assay(
        *("protocol", "propose", "--profile", "university"),
        *("--suite", suite, "--model", model, "--dry-run"),
    )
    assert done.status == 2
    assert what in done.err


def test_propose_show_sign_offline_and_upload(assay, proposed, tmp_path, stored):
    assert stored()[0] == {proposed: "PROPOSED"}
    shown = assay("protocol", "show", proposed, "--profile", "maker", "--out", "agreement.json")
    assert shown.status == 0
    body = (tmp_path / "agreement.json").read_bytes()
    assert shown.one("digest") == canonical.digest(body)
    assert protocol_document.parse(body).identity.id == proposed

    # The vendor's own machine: no data folder, only the bytes and the key.
    words = ("sign", "agreement.json", "--key", "vendor.pem")
    signed = assay(*words)
    assert signed.status == 0
    assert signed.one("signed") == canonical.digest(body)
    assert "3.322 bits" in signed.out
    signatures = signed.one("signatures")
    assert stored()[0] == {proposed: "PROPOSED"}

    done = assay(
        "protocol", "sign", proposed, "--profile", "maker", "--signatures", signatures, "--json"
    )
    assert done.status == 0, done
    assert json.loads(done.out) == {
        "id": proposed,
        "state": "ACTIVE",
        "digest": canonical.digest(body),
    }
    rows, kinds = stored()
    assert rows == {proposed: "ACTIVE"}
    assert kinds == [
        *("protocol-activation", "protocol-approval", "protocol-approval", "protocol-proposal"),
    ]


def test_signing_with_a_key_at_hand(assay, proposed):
    done = assay("protocol", "sign", proposed[:6], "--profile", "maker", "--key", "vendor.pem")
    assert done.status == 0, done
    assert done.one("state") == "ACTIVE"
    again = assay("protocol", "sign", proposed, "--profile", "maker", "--key", "vendor.pem")
    assert again.status == 2
    assert "can be signed while PROPOSED" in again.err


def changed(body):
    """The same document with one byte changed that keeps it valid."""
    text = re.sub(rb'("bits_cap":)64', rb"\g<1>65", body)
    assert len(text) == len(body)
    assert text != body
    return text


def test_the_approval_of_a_changed_byte_is_refused(assay, proposed, tmp_path, stored):
    assay("protocol", "show", proposed, "--profile", "maker", "--out", "agreement.json")
    body = (tmp_path / "agreement.json").read_bytes()
    (tmp_path / "agreement.json").write_bytes(changed(body))
    words = ("--key", "vendor.pem", "--out", "approval")
    # The vendor's machine cannot know; the server can.
    assert assay("sign", "agreement.json", *words).status == 0
    done = assay("protocol", "sign", proposed, "--profile", "maker", "--signatures", "approval")
    assert (done.status, done.out) == (2, "")
    assert "sign the exact bytes that were proposed" in done.err
    assert stored()[0] == {proposed: "PROPOSED"}
    # Control: the approval of the very bytes is taken.
    (tmp_path / "agreement.json").write_bytes(body)
    assert assay("sign", "agreement.json", *words).status == 0
    done = assay("protocol", "sign", proposed, "--profile", "maker", "--signatures", "approval")
    assert done.status == 0


def test_no_changed_byte_of_an_approval_passes(assay, proposed, tmp_path, stored):
    assay("protocol", "show", proposed, "--profile", "maker", "--out", "agreement.json")
    words = ("--key", "vendor.pem", "--out", "approval")
    assay("sign", "agreement.json", *words)
    whole = (tmp_path / "approval").read_bytes()
    for place in range(0, len(whole), len(whole) // 12):
        broken = bytearray(whole)
        broken[place] ^= 1
        (tmp_path / "approval").write_bytes(broken)
        done = assay("protocol", "sign", proposed, "--profile", "maker", "--signatures", "approval")
        assert done.status == 2, place
    assert stored()[0] == {proposed: "PROPOSED"}


def test_bytes_that_are_no_protocol_are_not_signed(assay, proposed, tmp_path):
    assay("protocol", "show", proposed, "--profile", "maker", "--out", "agreement.json")
    body = (tmp_path / "agreement.json").read_bytes()
    (tmp_path / "agreement.json").write_bytes(body.replace(b'"epochs":1', b'"epochs":0'))
    words = ("--org", "maker", "--key", "vendor.pem")
    done = assay("sign", "agreement.json", *words)
    assert (done.status, done.out) == (2, "")
    assert "agreement.json: harness.epochs: " in done.err
    assert not (tmp_path / "agreement.json.signatures.json").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--key", "other.pem"), "--key: the protocol names"),
        (("--org", "university", "--key", "vendor.pem"), "--org: the protocol names this key for"),
        (("--org", "rival", "--key", "other.pem"), "--key: the protocol names"),
    ],
)
def test_who_is_not_named_cannot_sign_offline(assay, proposed, tmp_path, words, message):
    assay("protocol", "show", proposed, "--profile", "maker", "--out", "agreement.json")
    done = assay("sign", "agreement.json", *words)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert not (tmp_path / "agreement.json.signatures.json").exists()


@pytest.mark.parametrize(("org", "key"), [("rival", "other.pem"), ("university", "auditor.pem")])
def test_only_the_vendor_of_the_protocol_approves(assay, proposed, org, key, stored):
    done = assay("protocol", "sign", proposed, "--profile", org, "--key", key)
    assert done.status == 2
    assert stored()[0] == {proposed: "PROPOSED"}


def test_a_foreign_vendor_does_not_learn_of_a_protocol(assay, proposed):
    foreign = assay("protocol", "show", proposed, "--profile", "rival")
    absent = assay("protocol", "show", "p0", "--profile", "rival")
    assert foreign.status == absent.status == 2
    assert foreign.err.replace(proposed, "p0") == absent.err


@pytest.mark.parametrize("words", [(), ("--key", "vendor.pem", "--signatures", "e")])
def test_signing_takes_a_key_or_an_envelope(assay, proposed, words):
    done = assay("protocol", "sign", proposed, "--profile", "maker", *words)
    assert done.status == 2
    assert "give either --key or --signatures" in done.err


def test_the_shown_protocol_for_programs(assay, proposed, tmp_path):
    done = assay("protocol", "show", proposed, "--profile", "maker", "--json", "--out", "a.json")
    value = json.loads(done.out)
    assert value["state"] == "PROPOSED"
    assert value["protocol"] == json.loads((tmp_path / "a.json").read_bytes())


def test_a_run_slot_and_its_clock(assay, proposed):
    early = assay("run", "start", proposed, "--profile", "university")
    assert early.status == 2
    assert "needs ACTIVE" in early.err
    assert (
        assay("protocol", "sign", proposed, "--profile", "maker", "--key", "vendor.pem").status == 0
    )
    started = assay("run", "start", proposed, "--profile", "university")
    run = started.one("run")
    assert started.one("outcome") == "PENDING"
    assert started.one("reserved").endswith(" UTC")
    auditor = json.loads(assay("run", "status", run, "--profile", "university", "--json").out)
    vendor = json.loads(assay("run", "status", run, "--profile", "maker", "--json").out)
    assert auditor["inside"] is None
    assert vendor["inside"]["state"] == "QUEUED"
    assert assay("run", "status", run, "--profile", "rival").status == 2
    assert "no report yet" in assay("report", "show", run, "--profile", "university").err
    cancelled = json.loads(assay("run", "cancel", run, "--profile", "maker", "--json").out)
    assert cancelled["inside"]["state"] == "ABORTED"
    # At once for those inside, at the slot for the auditor.
    assert assay("run", "status", run, "--profile", "university").one("outcome") == "PENDING"
