"""Organisations, people and models by the API: who may, what is shown, what never is."""

import json

import pytest

from harness.documents.signer import generate
from harness.records import parties
from tests.support.programs import RIVAL
from tests.support.service import signed_in
from tests.support.world import AUDITOR, MODEL, REGULATOR, VENDOR

SECRET = "very-secret-credential-4711"
LARGE = {
    "name": "large",
    "base_url": "https://api.vendor.example/v1",
    "upstream": "l-1",
    "snapshot": "two",
    "credential": SECRET,
}


def test_the_operator_registers_an_organisation(api):
    pem = generate("p256").public.to_pem().decode()
    body = {"name": "new-lab", "role": "auditor", "key": pem}
    reply = api.post("operator", "/organisations", body)
    assert reply.status_code == 201, reply.text
    assert reply.json()["owner_group"] == "new-lab"
    names = [row["name"] for row in api.get(REGULATOR, "/organisations").json()["items"]]
    assert "new-lab" in names
    assert names == sorted(names)
    assert api.post("operator", "/organisations", body).status_code == 409


@pytest.mark.parametrize("who", [AUDITOR, VENDOR, REGULATOR])
def test_only_the_operator_adds_organisations_and_people(api, who):
    body = {"name": "new-lab", "role": "regulator"}
    assert api.post(who, "/organisations", body).status_code == 403
    person = {"login": "new", "name": "New", "organisation": who}
    assert api.post(who, "/people", person).status_code == 403
    assert api.get(who, "/people").status_code == 403
    assert api.post(who, "/people/operator/links").status_code == 403


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": "No Name"}, "/name"),
        ({"name": "a\x00b"}, "/name"),
        ({"role": "king"}, "/role"),
        ({"owner_group": "No Name"}, "/owner_group"),
        ({"key": "-----BEGIN"}, "/key"),
        ({"key": "x" * 5000}, "/key"),
        ({"role": "vendor"}, "/key"),
    ],
)
def test_a_wrong_organisation_is_refused_by_field(api, change, pointer):
    body = {"name": "new-lab", "role": "regulator"} | change
    reply = api.post("operator", "/organisations", body)
    assert reply.status_code == 422
    assert pointer in [item["pointer"] for item in reply.json()["errors"]]


def test_a_person_is_let_in_by_a_link_that_is_shown_once(api):
    body = {"login": "new.person", "name": "New Person", "organisation": AUDITOR}
    reply = api.post("operator", "/people", body)
    assert reply.status_code == 201, reply.text
    link = reply.json()["link"]
    assert link.startswith("/sign-in/")
    secret = link.removeprefix("/sign-in/")
    people = api.get("operator", "/people")
    assert [p for p in people.json()["items"] if p["login"] == "new.person"] == [
        {
            "login": "new.person",
            "name": "New Person",
            "organisations": [AUDITOR],
            "has_password": False,
            "disabled": False,
        }
    ]
    assert secret not in people.text
    again = api.post("operator", "/people/new.person/links").json()["link"]
    assert again != link
    assert signed_in(api.world, again.removeprefix("/sign-in/"))
    assert api.post("operator", "/people/nobody.at.all/links").status_code == 404


def test_people_come_in_pages(api):
    everybody = [row["login"] for row in api.get("operator", "/people").json()["items"]]
    assert len(everybody) > 4
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = api.get("operator", "/people", params=params).json()
        assert len(page["items"]) <= 2
        seen += [row["login"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == everybody == sorted(everybody)


def test_a_credential_goes_in_and_never_out(api):
    key = {"idempotency-key": "model"}
    added = api.post(VENDOR, "/models", LARGE, headers=key)
    assert added.status_code == 201, added.text
    replies = [added, api.post(VENDOR, "/models", LARGE, headers=key)]
    replies += [api.post(VENDOR, "/models", LARGE)]
    replies += [
        api.get(who, path) for who in (VENDOR, "operator") for path in ("/models", "/models/large")
    ]
    assert [reply.status_code for reply in replies] == [201, 201, 409, 200, 200, 200, 200]
    assert not [reply for reply in replies if SECRET in reply.text]
    with api.world.platform.database.read() as session:
        row = parties.model(session, "large")
        assert api.world.platform.vault.open(row.credential) == SECRET
    stored = b"".join(p.read_bytes() for p in api.world.platform.settings.data_dir.glob("*.sql*"))
    assert SECRET.encode() not in stored
    assert b"api.vendor.example" in stored


def test_where_a_model_is_reached_concerns_its_vendor_and_the_operator(api):
    for who, shown in ((VENDOR, True), ("operator", True), (RIVAL, False), (AUDITOR, False)):
        one = api.get(who, f"/models/{MODEL}").json()
        listed = api.get(who, "/models").json()["items"]
        assert [item["endpoint"] is not None for item in (one, *listed)] == [shown, shown]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": "No Name"}, "/name"),
        ({"base_url": "http://api.vendor.example"}, "/base_url"),
        ({"base_url": "https://a.example/\x00"}, "/base_url"),
        ({"base_url": "https://a.example/" + "x" * 500}, "/base_url"),
        ({"credential": ""}, "/credential"),
        ({"credential": "a\nb"}, "/credential"),
        ({"credential": "ä"}, "/credential"),
        ({"credential": "\ud800"}, "/credential"),
        ({"price_in": 2**31}, "/price_in"),
        ({"price_out": -1}, "/price_out"),
        ({"price_out": 10**400}, "/price_out"),
        ({"upstream": "x" * 201}, "/upstream"),
        ({"snapshot": ""}, "/snapshot"),
        ({"more": 1}, "/more"),
    ],
)
def test_a_wrong_model_is_refused_by_field_without_repeating_it(api, change, pointer):
    reply = api.post(
        VENDOR,
        "/models",
        content=json.dumps(LARGE | change),
        headers={"content-type": "application/json"},
    )
    assert reply.status_code == 422
    assert [item["pointer"] for item in reply.json()["errors"]] == [pointer]
    assert SECRET not in reply.text


def test_only_a_vendor_adds_models(api):
    assert api.post(AUDITOR, "/models", LARGE).status_code == 403
