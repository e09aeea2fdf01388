"""Signing in and out: what a browser gets, keeps and loses."""

import logging

import pytest

from harness.services.parties import passwords, people, throttle
from tests.support import world as worlds
from tests.support.accounts import ALICE, PASSWORD, quick_passwords
from tests.support.pages import Browser, browsing, words
from tests.support.queries import counted
from tests.support.service import client_of, member
from web.views.pages.sign_in import local_path

COOKIE = "assay_session"


@pytest.fixture(scope="module", autouse=True)
def quick():
    with quick_passwords():
        yield


@pytest.fixture
def alice(world):
    member(world, worlds.AUDITOR, ALICE)
    passwords.change(world.platform, ALICE, "", PASSWORD, "")
    return ALICE


@pytest.fixture
def browser(world):
    with browsing(world) as found:
        yield found


@pytest.fixture
def link(world):
    return member(world, worlds.AUDITOR)


def test_a_password_signs_in_and_leads_to_where_one_wanted_to_go(browser, alice):
    assert browser.get("/account").headers["location"] == "/sign-in?next=/account"
    assert 'value="/account"' in browser.get("/sign-in?next=/account").text
    reply = browser.sign_in(alice, PASSWORD, next="/account")
    assert (reply.status_code, reply.headers["location"]) == (303, "/account")
    assert "Alice" in browser.get("/account").text or ALICE in browser.get("/account").text


def test_a_login_is_found_however_it_is_typed(browser, alice):
    assert browser.sign_in(f"  {alice.upper()} ", PASSWORD).status_code == 303


def test_a_wrong_password_keeps_the_login_and_gives_no_cookie(browser, alice):
    for login in (alice, "nobody@example.org"):
        reply = browser.sign_in(login, "wrong horse battery")
        assert reply.status_code == 422
        assert "login and password do not fit together" in words(reply)
        assert f'value="{login}"' in reply.text
        assert "wrong horse battery" not in reply.text
        assert "set-cookie" not in reply.headers


@pytest.mark.parametrize("missing", ["login", "password"])
def test_an_empty_field_is_named_and_counts_as_no_attempt(browser, alice, missing):
    typed = {"login": alice, "password": PASSWORD, missing: ""}
    for _ in range(throttle.LOGIN.count + 1):
        reply = browser.sign_in(**typed)
    assert reply.status_code == 422
    assert f"enter your {missing}" in words(reply)
    assert f'aria-describedby="{missing}-error"' in reply.text


def test_too_many_attempts_are_told_how_long_to_wait(browser, alice):
    for _ in range(throttle.LOGIN.count):
        browser.sign_in(alice, "wrong horse battery")
    reply = browser.sign_in(alice, PASSWORD)
    assert reply.status_code == 429
    assert 0 < int(reply.headers["retry-after"]) <= throttle.LOGIN.window_s
    assert "Try again in 15 minutes" in words(reply)
    assert "set-cookie" not in reply.headers


def test_two_instances_on_one_database_count_together(world, alice):
    with client_of(world) as first, client_of(world) as second:
        browsers = [Browser(first), Browser(second)]
        for number in range(throttle.LOGIN.count):
            browsers[number % 2].sign_in(alice, "wrong horse battery")
        for one in browsers:
            assert one.sign_in(alice, PASSWORD).status_code == 429


def test_the_cookie_is_kept_from_scripts_and_other_sites(browser, alice):
    cookie = browser.sign_in(alice, PASSWORD).headers["set-cookie"]
    name, *rest = cookie.split("; ")
    assert name.startswith(f"{COOKIE}=")
    assert {part.lower() for part in rest} == {
        "httponly",
        "max-age=43200",
        "path=/",
        "samesite=lax",
    }


def test_over_https_the_cookie_is_bound_to_its_host(world, alice):
    settings = world.platform.settings.model_copy(update={"public_url": "https://assay.example"})
    object.__setattr__(world.platform, "settings", settings)
    with client_of(world) as client:
        client.base_url = "https://assay.example"
        reply = Browser(client).sign_in(alice, PASSWORD)
        name, *rest = reply.headers["set-cookie"].split("; ")
        assert name.startswith("__Host-assay=")
        assert {"Secure", "Path=/"} <= set(rest)
        assert not [part for part in rest if part.lower().startswith("domain")]
        assert "max-age" in reply.headers["strict-transport-security"]


def test_a_planted_cookie_does_not_become_a_session(browser, alice):
    browser.client.cookies.set(COOKIE, "planted-by-an-attacker")
    reply = browser.sign_in(alice, PASSWORD)
    assert "planted-by-an-attacker" not in reply.headers["set-cookie"]
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, "planted-by-an-attacker")
    assert browser.get("/account").status_code == 303


def test_signing_in_again_renews_the_secret_and_ends_the_old_session(browser, alice):
    browser.sign_in(alice, PASSWORD)
    old = browser.client.cookies[COOKIE]
    browser.sign_in(alice, PASSWORD)
    new = browser.client.cookies[COOKIE]
    assert new != old
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, old)
    assert browser.get("/account").status_code == 303


def test_signing_out_ends_the_session_and_takes_the_cookie(browser, alice):
    browser.sign_in(alice, PASSWORD)
    secret = browser.client.cookies[COOKIE]
    reply = browser.send("/sign-out")
    assert reply.status_code == 303
    assert "Max-Age=0" in reply.headers["set-cookie"]
    browser.client.cookies.set(COOKIE, secret)
    assert browser.get("/account").status_code == 303
    assert browser.send("/sign-out").status_code == 303


def test_a_link_shows_whom_it_signs_in_and_is_not_used_up_by_looking(browser, link):
    for _ in range(3):
        reply = browser.get(f"/sign-in/{link}")
        assert reply.status_code == 200
        assert f"member.of.{worlds.AUDITOR}" in words(reply)
        assert "set-cookie" not in reply.headers
    reply = browser.use_link(link)
    assert (reply.status_code, reply.headers["location"]) == (303, "/account?said=welcome")
    assert "Set a password" in words(browser.get("/account?said=welcome"))


def test_a_link_works_once_and_says_so(browser, link):
    browser.use_link(link)
    for reply in (browser.get(f"/sign-in/{link}"), browser.client.post(f"/sign-in/{link}")):
        assert reply.status_code == 410
        assert "does not work" in words(reply)
        assert "set-cookie" not in reply.headers


def test_the_address_of_a_link_is_sent_to_nobody(browser, link):
    for secret in (link, "nonsense"):
        reply = browser.get(f"/sign-in/{secret}")
        assert reply.headers["referrer-policy"] == "strict-origin"
        assert reply.headers["cache-control"] == "no-store"
    assert link not in browser.get("/sign-in").text


def test_a_link_replaces_whoever_was_signed_in(browser, world, alice, link):
    browser.sign_in(alice, PASSWORD)
    old = browser.client.cookies[COOKIE]
    assert "that session ends" in words(browser.get(f"/sign-in/{link}"))
    browser.use_link(link)
    assert f"member.of.{worlds.AUDITOR}" in words(browser.get("/account"))
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, old)
    assert browser.get("/account").status_code == 303


def test_somebody_who_is_shut_out_is_out_with_the_next_request(browser, world, alice):
    browser.sign_in(alice, PASSWORD)
    assert browser.get("/account").status_code == 200
    with world.platform.database.write() as session:
        people.shut_out(session, world.platform, worlds.OPERATOR, alice)
    assert browser.get("/account").status_code == 303
    assert browser.sign_in(alice, PASSWORD).status_code == 422


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://127.0.0.1:8000.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8000"},
    ],
)
def test_another_site_signs_nobody_in(browser, alice, link, headers):
    """Else an attacker's page could put a visitor into the attacker's own account."""
    typed = {"login": alice, "password": PASSWORD}
    for path, data in (("/sign-in", typed), (f"/sign-in/{link}", {}), ("/sign-out", {})):
        reply = browser.client.post(path, data=data, headers=headers)
        assert reply.status_code == 403
        assert "set-cookie" not in reply.headers
    assert browser.get(f"/sign-in/{link}").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://127.0.0.1:8000"},
        {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8000"},
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"sec-fetch-site": "none"},
    ],
)
def test_our_own_page_signs_in(browser, link, headers):
    assert browser.client.post(f"/sign-in/{link}", headers=headers).status_code == 303


@pytest.mark.parametrize("path", ["/", "/account", "/runs/0123abc", "/suites/sha256:00ff", "/a/"])
def test_a_path_of_ours_is_where_one_goes(path):
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "account",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/%2F/evil.example",
        "/%5Cevil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "//evil.example/%2e%2e",
        "/.//evil.example",
        "/a//evil.example",
        "/a?b=//evil.example",
        "/a#b",
        "/é",
        "/a\r\nset-cookie: x=y",
        "/" + "a" * 400,
        " /account",
    ],
)
def test_any_other_place_is_the_front_page(path):
    assert local_path(path) == "/"


@pytest.mark.parametrize("path", ["//evil.example", "/%5Cevil.example", "https://evil.example"])
def test_a_sign_in_leads_to_no_other_site(browser, alice, path):
    page = browser.get("/sign-in", params={"next": path})
    assert "evil.example" not in page.text
    reply = browser.sign_in(alice, PASSWORD, next=path)
    assert reply.headers["location"] == "/"
    again = browser.get("/sign-in", params={"next": path})
    assert again.headers["location"] == "/"


def test_somebody_signed_in_is_not_asked_again(browser, alice):
    browser.sign_in(alice, PASSWORD)
    assert browser.get("/sign-in?next=/account").headers["location"] == "/account"


def test_no_secret_is_logged(browser, alice, link, caplog):
    caplog.set_level(logging.DEBUG)
    browser.sign_in(alice, PASSWORD)
    browser.use_link(link)
    browser.get(f"/sign-in/{link}")
    secrets = [PASSWORD, link, browser.client.cookies[COOKIE]]
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    assert [text for text in ours for secret in secrets if secret in text] == []


@pytest.mark.parametrize(
    "body",
    [b"login=%00&password=%00", b"login=%FF%FE&password=%ED%A0%80", b"login=a&login=b", b"%"],
)
def test_a_form_of_any_bytes_is_answered(browser, body):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.client.post("/sign-in", content=body, headers=headers).status_code == 422


def test_the_pages_ask_little_of_the_database(browser, world, link):
    with counted(world.platform.database) as form:
        browser.client.get("/sign-in")
    with counted(world.platform.database) as shown:
        browser.client.get(f"/sign-in/{link}")
    assert (len(form), len(shown)) == (0, 2)
