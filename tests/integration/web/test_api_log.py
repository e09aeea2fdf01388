"""The public log by the API: enough to check, and nothing that is withheld."""

import base64

import pytest

from harness.documents import envelope
from harness.records import log
from harness.services.agreements.terms import Terms
from harness.tlog import checkpoint, tree, trust_root
from tests.support import released
from tests.support import world as worlds
from tests.support.programs import API
from tests.support.service import client_of
from tests.support.world import AUDITOR, VENDOR


@pytest.fixture
def entries(api):
    digest = api.get(AUDITOR, "/suites").json()["items"][0]["digest"]
    protocol_id = api.world.agree(digest, Terms())
    api.world.reserve(protocol_id)
    listed = api.get("", "/log/entries").json()
    assert listed["next"] is None
    return listed["items"]


def test_the_log_is_listed_from_its_newest_entry(api, entries):
    assert [entry["index"] for entry in entries] == list(range(len(entries)))[::-1]
    assert entries[0]["kind"] == "run-start"
    seen, cursor = [], None
    while True:
        page = api.get(
            "", "/log/entries", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
        ).json()
        seen += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == entries


def test_a_statement_is_its_exact_envelope_or_nothing(api, entries):
    shown = [entry for entry in entries if not entry["withheld"]]
    hidden = [entry for entry in entries if entry["withheld"]]
    assert {entry["kind"] for entry in hidden} == {"suite-submission"}
    for entry in shown:
        body = api.get("", f"/log/statements/{entry['digest']}").content
        assert envelope.parse(body).pae_digest == entry["digest"]
    replies = [api.get("", f"/log/statements/{entry['digest']}") for entry in hidden]
    replies.append(api.get("", "/log/statements/sha256:" + "0" * 64))
    assert {reply.status_code for reply in replies} == {404}


def test_a_statement_that_waits_for_its_slot_is_nowhere(api):
    digest = api.get(AUDITOR, "/suites").json()["items"][0]["digest"]
    run = api.world.reserve(api.world.agree(digest, Terms()))
    size = len(api.get("", "/log/entries").json()["items"])
    assert api.post(VENDOR, f"/runs/{run}/stop").status_code == 200
    with api.world.platform.database.read() as session:
        (waiting,) = log.find(session, "run-end", run=run)
    assert waiting.index is None
    path = f"/log/statements/{waiting.pae_digest}"
    assert api.get("", path).status_code == 404
    assert len(api.get("", "/log/entries").json()["items"]) == size
    # Control: at the slot it is there, for everybody.
    later = released.at(api.world, waiting.not_before)
    later.settle()
    assert api.get("", path).content == waiting.envelope


def test_every_entry_is_proved_under_the_checkpoint(api, entries):
    reply = api.get("", "/log/checkpoint")
    assert reply.headers["content-type"].startswith("text/plain")
    pinned = trust_root.parse(base64.b64decode(api.get("", "").json()["trust_root"]))
    head = checkpoint.verify(reply.text, pinned.origin, pinned.log_key)
    assert head.size == len(entries)
    for entry in entries:
        proof = api.get("", f"/log/proof/{entry['index']}").json()
        assert proof["size"] == len(entries)
        tree.verify_inclusion(
            bytes.fromhex(entry["leaf_hash"]),
            entry["index"],
            proof["size"],
            [base64.b64decode(item) for item in proof["proof"]],
            head.root,
        )


def test_a_proof_under_an_older_tree(api, entries):
    proof = api.get("", "/log/proof/0", params={"size": 2}).json()
    leaf = bytes.fromhex(next(e["leaf_hash"] for e in entries if e["index"] == 1))
    assert [base64.b64decode(item) for item in proof["proof"]] == [leaf]
    for path in (f"/log/proof/{len(entries)}", f"/log/proof/0?size={len(entries) + 1}"):
        assert api.get("", path).status_code == 404


def test_an_empty_log_has_no_checkpoint(tmp_path):
    world = worlds.make(tmp_path / "data")
    with client_of(world) as client:
        assert client.get(f"{API}/log/checkpoint").status_code == 404
        assert client.get(f"{API}/log/entries").json() == {"items": [], "next": None}
        assert client.get(f"{API}/log/proof/0").status_code == 404
    world.platform.database.close()
