"""Tokens: shown once, never wider than their maker's, gone when revoked; sign-in by password."""

import pytest

from harness.services.parties import passwords, throttle
from tests.support.programs import API, RIVAL
from tests.support.world import AUDITOR, VENDOR

NEW = {"name": "nightly", "scopes": ["read"], "days": 1}
PASSWORD = "an invented pass phrase"
LOGIN = f"member.of.{AUDITOR}"


def bearer(reply):
    return {"authorization": f"Bearer {reply.json()['secret']}"}


@pytest.fixture
def password(api):
    passwords.change(api.world.platform, LOGIN, "", PASSWORD, "")
    return {"login": LOGIN, "password": PASSWORD, **NEW}


def test_a_new_token_works_is_listed_without_its_secret_and_ends(api):
    made = api.post(AUDITOR, "/tokens", NEW)
    assert made.status_code == 201, made.text
    secret, token_id = made.json()["secret"], made.json()["id"]
    assert api.get("", "/me", headers=bearer(made)).json()["scopes"] == ["read"]
    listed = api.get(AUDITOR, "/tokens")
    assert token_id in [item["id"] for item in listed.json()["items"]]
    assert secret not in listed.text
    assert api.ask("DELETE", AUDITOR, f"/tokens/{token_id}").status_code == 204
    assert api.get("", "/me", headers=bearer(made)).status_code == 401
    assert api.ask("DELETE", AUDITOR, f"/tokens/{token_id}").status_code == 404


def test_a_token_for_reading_makes_none_and_changes_nothing(api):
    reader = bearer(api.post(AUDITOR, "/tokens", NEW))
    for path, body in (("/tokens", NEW), ("/tokens", NEW | {"scopes": ["read", "write"]})):
        assert api.post("", path, body, headers=reader).status_code == 403
    digest = api.get("", "/suites", headers=reader).json()["items"][0]["digest"]
    draft = {"suite": digest, "model": "replayed"}
    assert api.post("", "/drafts", draft, headers=reader).status_code == 403
    assert api.post(AUDITOR, "/drafts", draft).status_code == 201


def test_a_token_made_with_a_token_does_not_outlive_it(api):
    first = api.post(AUDITOR, "/tokens", NEW | {"scopes": ["read", "write"]})
    second = api.post("", "/tokens", NEW | {"days": 300}, headers=bearer(first))
    assert second.json()["expires_at"] == first.json()["expires_at"]


def test_nobody_ends_a_foreign_token(api):
    token_id = api.post(AUDITOR, "/tokens", NEW).json()["id"]
    foreign = api.ask("DELETE", VENDOR, f"/tokens/{token_id}")
    absent = api.ask("DELETE", VENDOR, "/tokens/0000")
    assert foreign.status_code == absent.status_code == 404
    assert foreign.text.replace(token_id, "0000") == absent.text


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["write"]}, "/scopes"),
        ({"scopes": ["admin"]}, "/scopes/0"),
        ({"days": 0}, "/days"),
        ({"days": 367}, "/days"),
        ({"days": True}, "/days"),
        ({"days": 1.5}, "/days"),
    ],
)
def test_a_wrong_token_is_refused_by_field(api, change, pointer):
    reply = api.post(AUDITOR, "/tokens", NEW | change)
    assert reply.status_code == 422
    assert [item["pointer"] for item in reply.json()["errors"]] == [pointer]


def test_login_and_password_give_a_token(api, password):
    made = api.post("", "/sign-in", password)
    assert made.status_code == 201, made.text
    assert made.json()["organisation"] == AUDITOR
    assert api.get("", "/me", headers=bearer(made)).json()["person"] == LOGIN


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"login": "nobody.at.all"}])
def test_a_wrong_login_or_password_is_one_answer_that_repeats_neither(api, password, change):
    reply = api.post("", "/sign-in", password | change)
    assert reply.status_code == 422
    assert reply.json()["detail"] == "login: login and password do not fit together"
    assert PASSWORD not in reply.text


def test_a_foreign_organisation_is_refused_after_the_password_only(api, password):
    foreign = password | {"organisation": RIVAL}
    assert api.post("", "/sign-in", foreign | {"password": "x"}).json()["errors"] == [
        {"pointer": "/login", "detail": "login and password do not fit together"}
    ]
    reply = api.post("", "/sign-in", foreign)
    assert reply.json()["errors"][0]["pointer"] == "/organisation"
    assert AUDITOR in reply.text


def test_guessing_is_throttled_and_told_for_how_long(api, password):
    statuses = [
        api.post("", "/sign-in", password | {"password": f"guess {number}"}).status_code
        for number in range(throttle.LOGIN.count + 1)
    ]
    assert statuses == [422] * throttle.LOGIN.count + [429]
    reply = api.client.post(f"{API}/sign-in", json=password)
    assert reply.status_code == 429
    assert int(reply.headers["retry-after"]) > 0
