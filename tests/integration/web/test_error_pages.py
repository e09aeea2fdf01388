"""Error pages: a person is told what helps, a program gets problem+json, nobody a traceback."""

import logging

import pytest

from harness.errors import TooManyAttempts, Unavailable
from harness.services.parties import sessions
from harness.services.publication import log
from tests.support import world as worlds
from tests.support.pages import browsing, words


@pytest.fixture
def browser(world):
    with browsing(world) as found:
        yield found


def test_a_page_that_is_not_there(browser):
    reply = browser.get("/nothing/here")
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert "both look the same from here" in words(reply)


def test_who_is_signed_in_stays_so_on_an_error_page(world):
    with browsing(world, worlds.AUDITOR) as browser:
        said = words(browser.get("/nothing/here"))
    assert f"member.of.{worlds.AUDITOR}" in said
    assert "Sign out" in said


def test_a_method_that_is_not_there(browser):
    assert browser.get("/sign-out").status_code == 405
    assert browser.client.put("/sign-in").status_code == 405


def test_a_form_of_another_session_says_what_to_do(world):
    with browsing(world, worlds.AUDITOR) as browser:
        browser.token = "0" * 64
        reply = browser.send("/account/sessions")
    assert reply.status_code == 403
    assert "reload the page" in words(reply)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (TooManyAttempts(61), 429, "try again in 61 seconds"),
        (Unavailable("the database is busy"), 503, "The database is busy"),
    ],
)
def test_what_the_services_refuse_is_a_page_with_help(browser, monkeypatch, error, status, said):
    def refuse(*_):
        raise error

    monkeypatch.setattr(log, "head", refuse)
    reply = browser.get("/log")
    assert reply.status_code == status
    assert said in words(reply)
    assert "What helps" in words(reply)
    assert ("retry-after" in reply.headers) == (status == 429)


def test_an_error_of_ours_is_a_page_without_its_text(browser, monkeypatch, caplog):
    def fail(*_):
        raise ValueError("a secret of somebody")

    monkeypatch.setattr(log, "head", fail)
    with caplog.at_level(logging.DEBUG):
        reply = browser.get("/log")
    assert reply.status_code == 500
    assert "What helps" in words(reply)
    assert "a secret of somebody" not in reply.text + caplog.text
    assert "kind=ValueError" in caplog.text


def test_an_unknown_page_is_answered_even_when_sessions_cannot_be_read(world, browser, monkeypatch):
    def refuse(*_):
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(sessions, "look", refuse)
    browser.client.cookies.set("assay_session", "x")
    assert browser.get("/nothing").status_code == 404
    assert browser.get("/account").status_code == 503


def test_a_program_gets_problem_json(browser):
    reply = browser.get("/api/v1/nothing")
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["status"] == 404


def test_a_text_in_the_address_is_not_run(browser):
    payload = "<script>alert(1)</script>"
    for path in (f"/nothing/{payload}", f"/log/{payload}", f"/log?cursor={payload}"):
        assert payload not in browser.get(path).text
