"""Sessions in the browser: their cookie, and the token that every form carries."""

import pytest
from fastapi import Response

from harness.errors import NotAllowed
from harness.services.access import Actor
from harness.services.parties.sessions import SignedIn
from web import auth

PLAIN, SECURE = "http://127.0.0.1:8000", "https://assay.example"


def visit(organisation="lab", secret="one"):  # noqa: S107
    actor = None if organisation is None else Actor(organisation, "auditor", "alice")
    return auth.Visit(SignedIn("alice", "Alice", True, actor, ()), secret)


def cookie(public_url):
    reply = Response()
    auth.set_cookie(reply, public_url, "secret", 2)
    return reply.headers["set-cookie"]


def test_a_cookie_over_https_is_bound_to_its_host():
    assert cookie(SECURE) == (
        "__Host-assay=secret; HttpOnly; Max-Age=7200; Path=/; SameSite=lax; Secure"
    )


@pytest.mark.parametrize("url", [PLAIN, ""])
def test_a_cookie_without_https_has_another_name(url):
    assert cookie(url) == "assay_session=secret; HttpOnly; Max-Age=7200; Path=/; SameSite=lax"


@pytest.mark.parametrize("url", [PLAIN, SECURE])
def test_the_cookie_that_is_taken_away_is_the_one_that_was_given(url):
    reply = Response()
    auth.drop_cookie(reply, url)
    dropped = reply.headers["set-cookie"]
    assert dropped.startswith(f'{auth.cookie_name(url)}=""')
    assert ("Secure" in dropped) == (url == SECURE)


def test_a_form_s_token_is_that_of_its_session_and_organisation():
    token = auth.csrf_of(visit())
    auth.check_form(visit(), token)
    for other in (visit(secret="other"), visit(organisation="other"), visit(organisation=None)):
        with pytest.raises(NotAllowed):
            auth.check_form(other, token)


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "é", "one"])
def test_any_other_token_is_refused(token):
    with pytest.raises(NotAllowed, match="nothing was done"):
        auth.check_form(visit(), token)


def test_the_token_does_not_tell_the_secret():
    secret = "a-secret-of-a-session"
    assert secret not in auth.csrf_of(visit(secret=secret))


def test_somebody_without_an_organisation_acts_for_nobody():
    with pytest.raises(NotAllowed, match="no organisation"):
        _ = visit(organisation=None).actor
