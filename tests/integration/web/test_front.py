"""The front page: the service for a stranger, and what waits for who is signed in."""

import re

import pytest

from evals import pack
from harness.services import suites
from harness.services.access import Actor
from harness.services.agreements import drafts
from harness.services.agreements.terms import Terms
from harness.services.parties import people
from harness.services.runs import view
from tests.support import world as worlds
from tests.support.pages import add_operator, browsing, words
from tests.support.queries import counted

QUESTIONS = worlds.suite_files(worlds.simple_questions(20))
DIGEST = pack.digest(suites.build(QUESTIONS))
AUDITOR = Actor(worlds.AUDITOR, "auditor")


def terms(title):
    return Terms(run_wall_clock_s=20, start_within_s=600, grid_s=10, runs=9, title=title)


def seen_by(world, organisation):
    with browsing(world, organisation) as browser:
        return words(browser.get("/"))


def test_a_stranger_reads_what_it_is_for_whom_and_how_to_verify(world):
    said = seen_by(world, None)
    for part in ("If you audit", "If you offer a model", "If you regulate", "cannot promise"):
        assert part in said
    assert world.platform.trust_root_digest in said


def test_links_of_the_front_page_lead_somewhere(world):
    with browsing(world) as browser:
        found = set(re.findall(r'<a [^>]*href="(/[^"]*)"', browser.get("/").text))
        assert {"/log", "/verify", "/glossary", "/sign-in"} <= found
        assert [path for path in found if browser.get(path).status_code != 200] == []


@pytest.mark.parametrize(
    ("organisation", "next_step"),
    [
        (worlds.AUDITOR, "Your suites"),
        (worlds.VENDOR, "Your models"),
        (worlds.REGULATOR, "Nothing"),
    ],
)
def test_where_nothing_waits_the_page_says_what_to_do(world, organisation, next_step):
    assert next_step in seen_by(world, organisation)


def test_a_draft_waits_for_its_auditor_alone(world):
    with world.platform.database.write() as session:
        drafts.make(session, world.platform, AUDITOR, DIGEST, worlds.MODEL, terms("My draft"))
    assert "My draft" in seen_by(world, worlds.AUDITOR)
    assert "My draft" not in seen_by(world, worlds.VENDOR)
    assert "My draft" not in seen_by(world, worlds.REGULATOR)


def test_a_proposal_waits_for_the_vendor_and_its_auditor_sees_that(world):
    protocol_id = world.propose(world.draft(DIGEST, terms("A proposal")))
    assert "Proposals to read and sign" in seen_by(world, worlds.VENDOR)
    assert "Waiting for the vendor" in seen_by(world, worlds.AUDITOR)
    world.sign(protocol_id)
    with browsing(world) as browser:
        browser.use_link(fresh_link(world, worlds.VENDOR))
        assert "Proposals to read and sign" not in words(browser.get("/"))
        browser.use_link(fresh_link(world, worlds.AUDITOR))
        assert "you may start runs" in words(browser.get("/"))


def fresh_link(world, organisation):
    with world.platform.database.write() as session:
        login = f"member.of.{organisation}"
        return people.new_link(session, world.platform, worlds.OPERATOR, login)


def test_a_run_under_way_is_shown_to_its_parties(world):
    run_id = world.reserve(world.agree(DIGEST, terms("A protocol")))
    for organisation in (worlds.AUDITOR, worlds.VENDOR):
        assert "Runs under way" in seen_by(world, organisation)
    assert run_id


def test_an_auditor_s_page_does_not_change_when_a_run_ends_before_its_slot(world):
    run_id = world.reserve(world.agree(DIGEST, terms("A protocol")))
    with browsing(world, worlds.AUDITOR) as browser:
        before = browser.get("/").text
        with world.platform.database.write() as session:
            row = view.find(session, Actor(worlds.VENDOR, "vendor"), run_id)
            row.state, row.category, row.ended_at = "FAILED", "timeout", world.platform.clock()
            row.visible_at = world.platform.clock() + 600
        assert browser.get("/").text == before


def test_the_operator_sees_whether_something_is_stuck(world):
    add_operator(world)
    with browsing(world, "operator") as browser:
        assert "Nothing is stuck" in words(browser.get("/"))
        run_id = world.reserve(world.agree(DIGEST, terms("A protocol")))
        with world.platform.database.write() as session:
            row = view.find(session, worlds.OPERATOR, run_id)
            row.lease_until = world.platform.clock() - 120
        assert "1 thing is stuck" in words(browser.get("/"))


def test_a_page_asks_as_much_for_many_protocols_as_for_one(world):
    world.propose(world.draft(DIGEST, terms("first")))
    with browsing(world, worlds.VENDOR) as browser:
        browser.get("/")
        with counted(world.platform.database) as one:
            browser.get("/")
        for number in range(6):
            world.propose(world.draft(DIGEST, terms(f"more {number}")))
        browser.get("/")
        with counted(world.platform.database) as many:
            page = browser.get("/")
    assert page.text.count("/protocols/p") == 5
    assert len(one) == len(many)
    assert len(many) <= 9
