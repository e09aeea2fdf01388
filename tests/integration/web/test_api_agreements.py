"""From a draft to a run by the API alone, and what nobody else learns of it."""

import base64

import pytest

from harness.cli import signing
from harness.documents import canonical, signatures
from harness.documents import protocol as protocol_document
from tests.support.programs import RIVAL, STRANGER
from tests.support.world import AUDITOR, MODEL, REGULATOR, VENDOR


def b64(data):
    return base64.b64encode(data).decode()


@pytest.fixture
def suite(api):
    return api.get(AUDITOR, "/suites").json()["items"][0]["digest"]


@pytest.fixture
def draft(api, suite):
    reply = api.post(AUDITOR, "/drafts", {"suite": suite, "model": MODEL})
    assert reply.status_code == 201, reply.text
    return reply.json()


def signed(api, body):
    """What the auditor's own machine makes of a draft's bytes."""
    key = api.world.keys[AUDITOR]
    protocol = protocol_document.parse(body)
    return {
        "document": b64(body),
        "proposal": b64(signing.proposal(key, body, AUDITOR)),
        "approval": b64(signing.approval(key, body, protocol, AUDITOR, "auditor")),
    }


@pytest.fixture
def proposal(api, draft):
    return signed(api, base64.b64decode(draft["document"]))


@pytest.fixture
def proposed(api, proposal):
    reply = api.post(AUDITOR, "/protocols", proposal)
    assert reply.status_code == 201, reply.text
    return reply.json()["id"]


@pytest.fixture
def active(api, proposed):
    envelope = b64(api.world.approval(proposed))
    reply = api.post(VENDOR, f"/protocols/{proposed}/signatures", {"envelope": envelope})
    assert reply.status_code == 201, reply.text
    return proposed


def test_a_draft_is_the_exact_bytes_to_sign(api, draft):
    document = api.get(AUDITOR, f"/drafts/{draft['id']}/document").content
    assert canonical.digest(document) == draft["digest"]
    assert base64.b64decode(draft["document"]) == document
    assert (draft["preview"]["alphabet"], draft["preview"]["bits"]) == ("6", "2.585")
    assert api.get(AUDITOR, f"/drafts/{draft['id']}").json() == draft
    listed = api.get(AUDITOR, "/drafts").json()["items"]
    assert [item["id"] for item in listed] == [draft["id"]]


def test_a_dry_run_keeps_nothing(api, suite):
    body = {"suite": suite, "model": MODEL, "dry_run": True}
    reply = api.post(AUDITOR, "/drafts", body)
    assert (reply.status_code, reply.json()["kept"]) == (200, False)
    assert api.get(AUDITOR, "/drafts").json()["items"] == []


def test_terms_are_refused_by_field(api, suite):
    terms = {"epochs": 0, "favourite": "blue", "claim": {"type": "other"}}
    reply = api.post(AUDITOR, "/drafts", {"suite": suite, "model": MODEL, "terms": terms})
    assert reply.status_code == 422
    pointers = {item["pointer"] for item in reply.json()["errors"]}
    assert pointers == {"/terms/epochs", "/terms/favourite", "/terms/claim/type"}


def test_the_whole_way_to_a_run(api, active):
    read = api.get(VENDOR, f"/protocols/{active}").json()
    assert read["state"] == "ACTIVE"
    document = api.get(VENDOR, f"/protocols/{active}/document").content
    assert canonical.digest(document) == read["digest"]
    assert read["protocol"] == protocol_document.parse(document).model_dump(
        mode="json", by_alias=True
    )
    started = api.post(AUDITOR, f"/protocols/{active}/runs")
    assert started.status_code == 201
    run = started.json()["id"]
    assert (started.json()["outcome"], started.json()["inside"]) == ("PENDING", None)
    assert api.get(VENDOR, f"/runs/{run}").json()["inside"]["state"] == "QUEUED"
    assert [item["id"] for item in api.get(REGULATOR, "/runs").json()["items"]] == [run]
    assert api.get(AUDITOR, f"/reports/{run}").status_code == 409
    stopped = api.post(VENDOR, f"/runs/{run}/stop")
    assert (stopped.status_code, stopped.json()["inside"]["state"]) == (200, "ABORTED")
    # At once for those inside, at the slot for the auditor.
    assert api.get(AUDITOR, f"/runs/{run}").json()["outcome"] == "PENDING"
    assert api.get(AUDITOR, "/reports").json()["items"] == []


def test_the_auditor_is_told_nothing_of_why_a_run_waits(api, active):
    run = api.post(AUDITOR, f"/protocols/{active}/runs").json()["id"]
    assert api.get(AUDITOR, f"/runs/{run}").json()["hints"] == []
    assert api.get("operator", f"/runs/{run}").json()["hints"]


@pytest.mark.parametrize("who", [STRANGER, RIVAL])
def test_an_outsider_learns_of_nothing(api, draft, proposal, who):
    def look(called):
        return [
            api.get(who, f"/{path}").text.replace(called, "ID")
            for path in (f"drafts/{called}", f"drafts/{called}/document")
        ]

    assert look(draft["id"]) == look("p0123")
    proposed = api.post(AUDITOR, "/protocols", proposal).json()["id"]
    for path in ("", "/document"):
        seen = api.get(who, f"/protocols/{proposed}{path}")
        absent = api.get(who, f"/protocols/p0123{path}")
        assert seen.status_code == absent.status_code == 404
        assert seen.text.replace(proposed, "ID") == absent.text.replace("p0123", "ID")
    envelope = {"envelope": b64(api.world.approval(proposed))}
    for path, body in (("signatures", envelope), ("runs", None)):
        assert api.post(who, f"/protocols/{proposed}/{path}", body).status_code == 404
    assert api.get(who, "/protocols").json()["items"] == []


@pytest.mark.parametrize(
    ("who", "path"), [(AUDITOR, "signatures"), (REGULATOR, "signatures"), (VENDOR, "runs")]
)
def test_an_act_of_another_role_is_forbidden(api, proposed, who, path):
    body = {"envelope": b64(api.world.approval(proposed))} if path == "signatures" else None
    reply = api.post(who, f"/protocols/{proposed}/{path}", body)
    assert (reply.status_code, reply.json()["code"]) == (403, "not_allowed")


def test_a_run_needs_an_active_protocol(api, proposed):
    reply = api.post(AUDITOR, f"/protocols/{proposed}/runs")
    assert (reply.status_code, reply.json()["code"]) == (409, "conflict")


def test_a_changed_byte_is_refused(api, draft, proposal):
    body = base64.b64decode(draft["document"])
    changed = body.replace(b'"bits_cap":64', b'"bits_cap":65')
    assert changed != body
    reply = api.post(AUDITOR, "/protocols", proposal | {"document": b64(changed)})
    assert reply.status_code == 422
    assert "sign the exact bytes" in reply.json()["detail"]
    assert api.get(AUDITOR, "/protocols").json()["items"] == []
    # Control: the very bytes are taken, and the draft is gone.
    assert api.post(AUDITOR, "/protocols", proposal).status_code == 201
    assert api.get(AUDITOR, f"/drafts/{draft['id']}").status_code == 404


@pytest.mark.parametrize("field", ["document", "proposal", "approval"])
@pytest.mark.parametrize("text", ["", "=", "a", "ä", "YQ==YQ==", 5, None])
def test_what_is_no_base64_is_refused_by_field(api, proposal, field, text):
    reply = api.post(AUDITOR, "/protocols", proposal | {field: text})
    assert reply.status_code == 422
    assert [item["pointer"] for item in reply.json()["errors"]] == [f"/{field}"]


def test_the_same_key_has_one_effect(api, active):
    key = {"idempotency-key": "one"}
    first = api.post(AUDITOR, f"/protocols/{active}/runs", headers=key)
    again = api.post(AUDITOR, f"/protocols/{active}/runs", headers=key)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert len(api.get(AUDITOR, "/runs").json()["items"]) == 1
    # Control: without the key it is another run, which is not agreed any more.
    assert api.post(AUDITOR, f"/protocols/{active}/runs").status_code == 409


def test_a_key_belongs_to_one_request(api, suite):
    key = {"idempotency-key": "one"}
    body = {"suite": suite, "model": MODEL}
    first = api.post(AUDITOR, "/drafts", body, headers=key)
    assert api.post(AUDITOR, "/drafts", body, headers=key).content == first.content
    other = api.post(AUDITOR, "/drafts", body | {"terms": {"epochs": 2}}, headers=key)
    assert other.status_code == 422
    assert other.json()["errors"][0]["pointer"] == "/idempotency-key"


def test_the_file_of_signatures_holds_what_the_api_takes(api, draft, proposal):
    envelopes = {name: base64.b64decode(proposal[name]) for name in ("proposal", "approval")}
    read = signatures.read(signatures.build(envelopes), "proposal", "approval")
    sent = dict(zip(("proposal", "approval"), map(b64, read), strict=True))
    reply = api.post(AUDITOR, "/protocols", {"document": draft["document"], **sent})
    assert reply.status_code == 201
