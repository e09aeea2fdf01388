"""The operator's pages: organisations, people, and how the service does."""

import re

import pytest

from harness.documents.signer import generate
from harness.records import platform as platform_rows
from harness.records.base import Act
from harness.services.agreements.terms import Terms
from harness.services.parties import people, sessions
from harness.services.runs import view
from tests.support import world as worlds
from tests.support.pages import add_operator, browsing, words
from tests.support.queries import counted

ONLY_OPERATOR = [
    "/organisations/new",
    "/people",
    "/people/new",
    "/people/somebody/link",
    "/people/somebody/shut-out",
    "/people/somebody/let-in",
    "/operator/health",
    "/operator/selftests",
]


@pytest.fixture
def browser(world):
    add_operator(world)
    with browsing(world, "operator") as found:
        yield found


def pem():
    return generate("p256").public.to_pem().decode()


def add_organisation(browser, files=None, **fields):
    asked = {"name": "new-lab", "role": "auditor", "pasted": pem(), **fields}
    return browser.send("/organisations/new", files=files, **asked)


def add_person(browser, **fields):
    asked = {"login": "alice", "name": "Alice", "organisation": worlds.AUDITOR, **fields}
    return browser.send("/people/new", **asked)


def link_in(reply):
    return re.search(r"http://127\.0\.0\.1:8000/sign-in/([A-Za-z0-9_-]{43})<", reply.text).group(1)


@pytest.mark.parametrize("organisation", [worlds.AUDITOR, worlds.VENDOR, worlds.REGULATOR, None])
def test_pages_of_the_operator_are_for_nobody_else(world, organisation):
    expected = 303 if organisation is None else 403
    with browsing(world, organisation) as browser:
        for path in ONLY_OPERATOR:
            assert (path, browser.get(path).status_code) == (path, expected)
        assert add_organisation(browser).status_code == expected
        assert add_person(browser).status_code == expected
        for act in ("link", "shut-out", "let-in"):
            login = f"member.of.{organisation or worlds.AUDITOR}"
            assert browser.send(f"/people/{login}/{act}").status_code == expected


@pytest.mark.parametrize("organisation", [worlds.AUDITOR, worlds.VENDOR])
def test_who_takes_part_is_for_operator_and_regulators(world, organisation):
    with browsing(world, organisation) as browser:
        assert browser.get("/organisations").status_code == 403
    with browsing(world, worlds.REGULATOR) as browser:
        page = browser.get("/organisations")
        assert worlds.AUDITOR in words(page)
        assert "Add an organisation" not in words(page)


def test_an_organisation_is_added_with_a_pasted_or_an_uploaded_key(browser):
    assert add_organisation(browser).headers["location"] == "/organisations?added=new-lab"
    page = browser.get("/organisations?added=new-lab")
    assert "new-lab is registered" in words(page)
    uploaded = {"key": ("key.pub", pem().encode(), "application/octet-stream")}
    reply = add_organisation(browser, uploaded, name="other-lab", role="vendor", pasted="")
    assert reply.status_code == 303


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "New Lab"}, "name"),
        ({"role": ""}, "role"),
        ({"owner_group": "Some Owner"}, "owner_group"),
        ({"pasted": ""}, "key"),
        ({"pasted": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"}, "key"),
    ],
)
def test_what_is_wrong_with_an_organisation_stands_beside_its_field(browser, fields, field):
    reply = add_organisation(browser, **fields)
    assert reply.status_code == 422
    assert f'id="{field}-error"' in reply.text
    if field != "name":
        assert 'value="new-lab"' in reply.text


def test_a_name_that_is_taken_is_said_beside_it(browser):
    reply = add_organisation(browser, name=worlds.AUDITOR)
    assert reply.status_code == 409
    assert 'id="name-error"' in reply.text


def test_a_made_up_message_is_not_repeated(browser):
    assert "hacked" not in browser.get("/organisations?added=you+were+hacked").text


def test_a_person_is_added_with_a_link_that_is_shown_once(world, browser):
    reply = add_person(browser, login=" Alice ")
    secret = link_in(reply)
    assert reply.headers["cache-control"] == "no-store"
    assert secret not in browser.get("/people").text
    assert "alice" in words(browser.get("/people"))
    with world.platform.database.read() as session:
        assert sessions.invited(session, world.platform, secret).login == "alice"


@pytest.mark.parametrize(
    ("fields", "field", "status"),
    [
        ({"login": "Alice Smith"}, "login", 422),
        ({"name": ""}, "name", 422),
        ({"organisation": "nobody"}, "organisation", 422),
        ({"login": "member.of.operator", "organisation": "operator"}, "login", 409),
    ],
)
def test_what_is_wrong_with_a_person_stands_beside_its_field(browser, fields, field, status):
    reply = add_person(browser, **fields)
    assert reply.status_code == status
    assert f'id="{field}-error"' in reply.text


def test_a_new_link_is_asked_for_by_name(world, browser):
    first = link_in(add_person(browser))
    assert "Give Alice a new link?" in words(browser.get("/people/alice/link"))
    second = link_in(browser.send("/people/alice/link"))
    with world.platform.database.read() as session:
        assert sessions.invited(session, world.platform, first) is None
        assert sessions.invited(session, world.platform, second) is not None


def test_somebody_is_shut_out_and_let_in_again(world, browser):
    secret = link_in(add_person(browser))
    assert "Shut Alice out?" in words(browser.get("/people/alice/shut-out"))
    assert browser.send("/people/alice/shut-out").headers["location"] == "/people?said=out"
    assert "shut out" in words(browser.get("/people"))
    assert browser.get("/people/alice/link").status_code == 404
    assert "Let Alice in again?" in words(browser.get("/people/alice/let-in"))
    again = link_in(browser.send("/people/alice/let-in"))
    with world.platform.database.read() as session:
        assert sessions.invited(session, world.platform, secret) is None
        assert sessions.invited(session, world.platform, again) is not None


def test_the_operator_cannot_lock_itself_out(browser):
    page = browser.get("/people").text
    assert "/people/member.of.operator/shut-out" not in page
    assert browser.send("/people/member.of.operator/shut-out").status_code == 409


def test_a_name_that_is_a_script_is_only_text(browser):
    payload = "<script>alert(1)</script>"
    add_person(browser, name=payload)
    for path in ("/people", "/people/alice/link", "/people/alice/shut-out"):
        assert payload not in browser.get(path).text


def test_lists_ask_as_much_for_many_as_for_one(world, browser):
    with counted(world.platform.database) as one:
        browser.get("/people")
        browser.get("/organisations")
    for number in range(20):
        with world.platform.database.write() as session:
            people.add(session, world.platform, worlds.OPERATOR, f"p{number}", "n", worlds.AUDITOR)
    with counted(world.platform.database) as many:
        assert browser.get("/people").text.count("/shut-out") == 20
        browser.get("/organisations")
    assert len(one) == len(many) == 5


def test_health_shows_findings_with_what_helps(browser):
    said = words(browser.get("/operator/health"))
    assert "Something needs you" in said
    assert "none seen in the last minute" in said
    assert "No worker is alive. Runs wait" in said
    assert "assay serve" in said
    assert "leaves, root recomputed" in said


def test_health_shows_what_is_stuck_and_what_was_done(world, browser):
    assert "Nothing. Every process sweeps" in words(browser.get("/operator/health"))
    digest = world.suite(worlds.suite_files(worlds.simple_questions(20)))
    run_id = world.reserve(world.agree(digest, Terms(start_within_s=600, runs=2)))
    with world.platform.database.write() as session:
        view.find(session, worlds.OPERATOR, run_id).lease_until = world.platform.clock() - 300
    said = words(browser.get("/operator/health"))
    assert f"Lease ran out {run_id}" in said
    assert f"run:{run_id}" in said
    assert "waits for" in said


def test_a_broker_that_is_down_loses_nothing_and_the_page_says_so(world, browser):
    folder = world.platform.settings.queue_dir
    moved = folder.rename(folder.with_name("away"))
    folder.write_text("no folder")
    try:
        said = words(browser.get("/operator/health"))
    finally:
        folder.unlink()
        moved.rename(folder)
    assert "The broker takes no messages. Runs wait, and nothing is lost" in said


def selftest(world, *, held):
    """Remember a self-test one of whose musts holds or not."""
    probes = [
        {"name": "no_route", "outside": False, "level": "must", "held": held, "detail": "EPERM"},
        {"name": "own_users", "outside": False, "level": "should", "held": False, "detail": ""},
        {"name": "memory_stops", "outside": True, "level": "must", "held": True, "detail": ""},
    ]
    row = platform_rows.SelfTest(
        image=worlds.IMAGE,
        host="one",
        engine="runc on Docker Engine 1",
        digest="sha256:" + "77" * 32,
        passed=held,
        probes=probes,
        at=world.platform.clock(),
    )
    with world.platform.database.write() as session:
        platform_rows.put_selftest(session, row, Act("operator", "self-test", 1.0))


def test_self_tests_are_shown_probe_by_probe_and_what_refuses_runs_first(world, browser):
    assert "No self-test yet" in words(browser.get("/operator/selftests"))
    selftest(world, held=True)
    said = words(browser.get("/operator/selftests"))
    assert "2 of 3" in said
    assert "Memory stops outside must holds" in said
    assert "sha256:" + "77" * 32 in browser.get("/operator/selftests").text
    assert "refuses runs" not in said
    selftest(world, held=False)
    said = words(browser.get("/operator/selftests"))
    assert "refuses runs" in said
    assert said.index("No route inside must does not hold") < said.index("Own users inside should")
