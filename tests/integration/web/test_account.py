"""The account page: whom one acts for, the password, other browsers and tokens."""

import re

import pytest

from harness.services.parties import people, tokens
from harness.services.parties.secrets import digest
from tests.support import world as worlds
from tests.support.accounts import PASSWORD, quick_passwords
from tests.support.pages import Browser, add_operator, browsing, words
from tests.support.queries import counted
from tests.support.service import client_of, member

LOGIN = f"member.of.{worlds.AUDITOR}"
OTHER = "another horse battery"


@pytest.fixture(scope="module", autouse=True)
def quick():
    with quick_passwords():
        yield


@pytest.fixture
def browser(world):
    with browsing(world, worlds.AUDITOR) as found:
        yield found


@pytest.fixture
def second(world):
    """Another browser, of the vendor's member."""
    with browsing(world, worlds.VENDOR) as found:
        yield found


def set_password(browser, new=PASSWORD, again=None, **fields):
    return browser.send(
        "/account/password", password=new, again=new if again is None else again, **fields
    )


def make_token(browser, **fields):
    asked = {"name": "for tests", "scopes": "read write", "days": "7", **fields}
    return browser.send("/account/tokens", **asked)


def secret_in(reply):
    return re.search(r"assay_[A-Za-z0-9_-]{43}", reply.text).group()


def test_it_says_who_one_is(browser):
    said = words(browser.get("/account"))
    assert LOGIN in said
    assert worlds.AUDITOR in said
    assert "Set a password" in said
    assert "No tokens" in said


def test_nobody_has_no_account(world):
    with browsing(world) as stranger:
        assert stranger.get("/account").headers["location"] == "/sign-in?next=/account"
        reply = stranger.send("/account/password", password=PASSWORD, again=PASSWORD)
        assert reply.headers["location"] == "/sign-in"


def test_a_first_password_is_set_without_one(browser):
    assert set_password(browser).status_code == 303
    page = browser.get("/account?said=password")
    assert "The password is set" in words(page)
    assert "Change your password" in words(page)
    assert browser.sign_in(LOGIN, PASSWORD).status_code == 303


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"new": "short"}, "password", "12 to 256 characters"),
        ({"new": OTHER, "again": OTHER + "r"}, "again", "not the same"),
        ({"new": OTHER, "current": "wrong horse battery"}, "current", "not your password"),
        ({"new": OTHER}, "current", "not your password"),
    ],
)
def test_what_is_wrong_with_a_password_stands_beside_its_field(browser, fields, field, message):
    set_password(browser)
    reply = set_password(browser, **fields)
    assert reply.status_code == 422
    assert message in words(reply)
    assert f'id="{field}-error"' in reply.text
    assert OTHER not in reply.text
    assert browser.sign_in(LOGIN, PASSWORD).status_code == 303


def test_changing_the_password_ends_other_browsers(world, browser):
    set_password(browser)
    with client_of(world) as client:
        elsewhere = Browser(client)
        elsewhere.sign_in(LOGIN, PASSWORD)
        assert set_password(browser, OTHER, current=PASSWORD).status_code == 303
        assert elsewhere.get("/account").status_code == 303
    assert browser.get("/account").status_code == 200


def test_other_browsers_are_counted_and_ended(world, browser):
    set_password(browser)
    assert "Only this one" in words(browser.get("/account"))
    with client_of(world) as client:
        elsewhere = Browser(client)
        elsewhere.sign_in(LOGIN, PASSWORD)
        assert "1 other" in words(browser.get("/account"))
        browser.send("/account/sessions")
        assert elsewhere.get("/account").status_code == 303
    assert "Only this one" in words(browser.get("/account"))


def test_a_token_is_shown_once_and_works(world, browser):
    reply = make_token(browser)
    secret = secret_in(reply)
    assert reply.headers["cache-control"] == "no-store"
    assert secret not in browser.get("/account").text
    found = tokens.actor_of(world.platform, secret, "192.0.2.1")
    assert (found.organisation, found.person) == (worlds.AUDITOR, LOGIN)
    with world.platform.database.read() as session:
        stored = tokens.tokens.by_digest(session, digest(secret))
    assert secret not in str(vars(stored))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": "admin"}, "scopes"),
        ({"scopes": ""}, "scopes"),
        ({"days": "0"}, "days"),
        ({"days": "1e3"}, "days"),
        ({"days": "9" * 30}, "days"),
    ],
)
def test_what_is_wrong_with_a_token_stands_beside_its_field(browser, fields, field):
    reply = make_token(browser, **fields)
    assert reply.status_code == 422
    assert f'id="{field}-error"' in reply.text
    assert ('value="for tests"' in reply.text) == (field != "name")
    assert "assay_" not in reply.text


def test_revoking_asks_once_by_name_and_is_at_once(world, browser):
    secret = secret_in(make_token(browser))
    page = browser.get("/account")
    path = re.search(r"/account/tokens/[0-9a-f]+/revoke", page.text).group()
    assert "Revoke the token for tests?" in words(browser.get(path))
    assert tokens.actor_of(world.platform, secret, "192.0.2.1")
    assert browser.send(path).headers["location"] == "/account?said=revoked"
    assert "No tokens" in words(browser.get("/account"))
    assert browser.get(path).status_code == 404
    assert browser.send(path).status_code == 404


def test_somebody_elses_token_is_not_there(browser, second):
    make_token(browser)
    path = re.search(r"/account/tokens/[0-9a-f]+/revoke", browser.get("/account").text).group()
    assert second.get(path).status_code == 404
    assert second.send(path).status_code == 404
    assert browser.get(path).status_code == 200


def test_one_may_act_for_another_of_ones_organisations(world, browser):
    with world.platform.database.write() as session:
        people.add(session, world.platform, worlds.OPERATOR, LOGIN, "n", worlds.VENDOR)
    browser.get("/account")
    reply = browser.send("/account/organisation", organisation=worlds.VENDOR)
    assert reply.status_code == 303
    assert "vendor" in words(browser.get("/account"))
    assert browser.send("/account/organisation", organisation=worlds.REGULATOR).status_code == 404


def test_a_form_that_was_made_for_another_organisation_is_refused(world, browser):
    """Else a forgotten tab would act in the name of an organisation that it does not show."""
    with world.platform.database.write() as session:
        people.add(session, world.platform, worlds.OPERATOR, LOGIN, "n", worlds.VENDOR)
    browser.get("/account")
    old = browser.token
    browser.send("/account/organisation", organisation=worlds.VENDOR)
    browser.token = old
    reply = make_token(browser)
    assert reply.status_code == 403
    assert "another session or organisation" in words(reply)


@pytest.mark.parametrize(
    "path",
    ["/account/password", "/account/tokens", "/account/sessions", "/account/organisation"],
)
def test_a_form_of_another_session_is_refused(browser, second, path):
    for wrong in (second.token, "", "x", "é", browser.client.cookies["assay_session"]):
        browser.token = wrong
        reply = browser.send(path, password=PASSWORD, again=PASSWORD, name="n", scopes="read")
        assert reply.status_code == 403
    assert "No tokens" in words(browser.get("/account"))
    assert "Set a password" in words(browser.get("/account"))


def test_another_site_changes_nothing_even_with_the_token(browser):
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        reply = browser.send("/account/tokens", headers=headers, name="n", scopes="read")
        assert reply.status_code == 403
    assert "No tokens" in words(browser.get("/account"))


def test_a_token_of_the_api_is_no_session_and_a_session_no_token(browser):
    secret = secret_in(make_token(browser))
    cookies = dict(browser.client.cookies)
    browser.client.cookies.clear()
    with_token = {"authorization": f"Bearer {secret}"}
    assert browser.get("/account", headers=with_token).status_code == 303
    assert browser.get("/api/v1/tokens", headers=with_token).status_code == 200
    browser.client.cookies.update(cookies)
    assert browser.get("/api/v1/tokens").status_code == 401


def test_a_name_that_is_a_script_is_only_text(browser):
    payload = "<script>alert(1)</script>"
    make_token(browser, name=payload)
    assert payload not in browser.get("/account").text
    assert "&lt;script&gt;" in browser.get("/account").text


def test_the_page_asks_as_much_for_many_tokens_as_for_one(world, browser):
    make_token(browser)
    with counted(world.platform.database) as one:
        browser.get("/account")
    for _ in range(19):
        make_token(browser)
    with counted(world.platform.database) as twenty:
        browser.get("/account")
    assert len(one) == len(twenty) == 3


def test_the_operator_has_an_account_too(world):
    add_operator(world)
    with browsing(world, "operator") as browser:
        assert "operator" in words(browser.get("/account"))


def test_an_unknown_message_says_nothing(browser):
    page = browser.get("/account?said=<b>you+were+hacked</b>")
    assert "hacked" not in page.text


def test_somebody_without_an_organisation_sees_why_there_is_nothing(world, browser):
    secret = member(world, worlds.AUDITOR, "lonely")
    with world.platform.database.write() as session:
        row = session.get(people.people.Membership, ("lonely", worlds.AUDITOR))
        session.delete(row)
    browser.use_link(secret)
    assert "no organisation yet" in words(browser.get("/account"))
    assert "no organisation yet" in words(browser.get("/"))
    assert make_token(browser).status_code == 403
