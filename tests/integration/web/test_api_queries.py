"""A list asks the database as often for twenty rows as for one; replies to pages fit together."""

import pytest

from harness.documents.signer import generate
from harness.services.access import Actor
from harness.services.agreements.terms import Terms
from harness.services.parties import people, registry, tokens
from harness.tlog.verify import verify
from tests.support import released
from tests.support.programs import API
from tests.support.queries import counted
from tests.support.service import client_of
from tests.support.world import AUDITOR, MODEL, OPERATOR, VENDOR

MORE = 20


def add_organisations(world, number):
    with world.platform.database.write() as session:
        pem = generate("ed25519").public.to_pem()
        name = f"lab-{number}"
        registry.add_organisation(session, world.platform, OPERATOR, name, "auditor", None, pem)


def add_people(world, number):
    with world.platform.database.write() as session:
        people.add(session, world.platform, OPERATOR, f"person.{number}", "P", AUDITOR)


def add_models(world, number):
    world.model(name=f"model-{number}")


def add_tokens(world, number):
    actor = Actor("operator", "operator", "member.of.operator")
    with world.platform.database.write() as session:
        tokens.issue(session, world.platform, actor, f"token {number}", ["read"], 1)


def add_protocols(world, digest):
    world.propose(world.draft(digest, Terms()))


def ask(api, path):
    api.headers("operator")
    with counted(api.world.platform.database) as queries:
        items = api.get("operator", path, params={"limit": 100}).json()["items"]
    return len(items), len(queries)


# Three of them find out whom the token acts for.
@pytest.mark.parametrize(
    ("path", "add", "most"),
    [
        ("/organisations", add_organisations, 4),
        ("/people", add_people, 5),
        ("/models", add_models, 4),
        ("/tokens", add_tokens, 4),
    ],
)
def test_a_list_of_parties_asks_as_often_for_many_rows(api, path, add, most):
    before, asked = ask(api, path)
    for number in range(MORE):
        add(api.world, number)
    after, asked_again = ask(api, path)
    assert after == before + MORE
    assert asked == asked_again <= most


def test_the_lists_of_the_main_job_ask_as_often_for_many_rows(api):
    digest = api.get(AUDITOR, "/suites").json()["items"][0]["digest"]
    paths = ("/protocols", "/runs", "/log/entries")

    def one_more():
        api.world.reserve(api.world.agree(digest, Terms()))

    one_more()
    first = [ask(api, path) for path in paths]
    for _ in range(5):
        one_more()
    second = [ask(api, path) for path in paths]
    assert [rows for rows, _ in second] > [rows for rows, _ in first]
    assert [asked for _, asked in second] == [asked for _, asked in first]
    assert max(asked for _, asked in second) <= 6


def test_reports_are_listed_and_read_once_they_are_released(api):
    digest = api.get(AUDITOR, "/suites").json()["items"][0]["digest"]
    run = api.world.reserve(api.world.agree(digest, Terms()))
    slot = released.release(api.world, run)
    api.world.settle()
    headers = {who: api.headers(who) for who in (AUDITOR, VENDOR)}
    early = api.get(AUDITOR, f"/reports/{run}")
    assert (early.status_code, early.json()["code"]) == (409, "conflict")
    later = released.at(api.world, slot)
    later.settle()
    with client_of(later) as client:
        for who in headers:
            listed = client.get(f"{API}/reports", headers=headers[who]).json()["items"]
            assert [(item["run"], item["headline"]["shown"]) for item in listed] == [(run, "0.750")]
            assert listed[0]["agreed"]["model"] == MODEL
        report = client.get(f"{API}/reports/{run}", headers=headers[VENDOR])
        bundle = client.get(f"{API}/reports/{run}/bundle", headers=headers[AUDITOR])
        rival = api.headers("rival-vendor")
        assert client.get(f"{API}/reports/{run}", headers=rival).status_code == 404
    assert report.json()["run"]["id"] == run
    assert verify(bundle.content, later.platform.trust_root_digest).passed
