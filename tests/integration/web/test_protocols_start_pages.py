"""The pages of protocols: starting a run, and what is seen of a protocol before its slot."""

import re

import pytest

from harness.records import runs
from harness.services import states
from harness.services.agreements.terms import build
from harness.services.runs import finish
from tests.support import agreements, released
from tests.support import world as worlds
from tests.support.agreements import OUTSIDERS
from tests.support.copies import copy
from tests.support.programs import STRANGER
from tests.support.queries import counted
from tests.support.visits import visits


@pytest.fixture(scope="module")
def origin(peopled, tmp_path_factory):
    return agreements.make(peopled, tmp_path_factory.mktemp("protocols") / "data")


@pytest.fixture
def browse(origin, tmp_path):
    world = copy(origin.world, tmp_path / "data")
    with visits(world, origin.cookies) as opened:
        yield opened
    world.platform.database.close()


@pytest.fixture
def active(origin):
    return origin.active


def start(browse, protocol, ordinal, who=worlds.AUDITOR):
    path = f"/protocols/{protocol}"
    return browse.submit(who, f"{path}/start", path, ordinal=str(ordinal))


def fact(page, name):
    return re.search(rf"<dt>{name}</dt><dd[^>]*>(.*?)</dd>", page, re.DOTALL)[1]


@pytest.mark.parametrize(
    ("who", "status"),
    [(worlds.VENDOR, 403), (worlds.REGULATOR, 403), ("operator", 403), (STRANGER, 404)],
)
def test_nobody_but_the_auditor_starts_a_run(browse, active, who, status):
    if status == 403:
        page = browse.get(who, f"/protocols/{active}").text
        assert "Start run" not in page
    assert browse.get(who, f"/protocols/{active}/start").status_code == status
    reply = browse.submit(who, f"/protocols/{active}/start", "/protocols", ordinal="1")
    assert reply.status_code == status


def test_before_a_run_is_started_its_price_is_shown(browse, active):
    page = browse.get(worlds.AUDITOR, f"/protocols/{active}/start").text
    assert "Start run 1?" in page
    assert "0.000 of 512 bits spent, 512.000 left" in page
    assert page.count("<meter") == 3
    assert "$" in page


def test_a_second_click_starts_no_second_run(browse, active):
    first, second = (start(browse, active, 1) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    page = browse.get(worlds.AUDITOR, f"/protocols/{active}").text
    assert f'href="{first.headers["location"]}"' in page
    assert page.count('href="/runs/') == 1
    assert fact(page, "Runs left") == "1 of 2"
    bits = re.search(r"([0-9.]+) of 512 bits spent", page)[1]
    assert float(bits) > 0


@pytest.mark.parametrize("ordinal", ["2", "0", "x", "", "-1", "9" * 30])
def test_another_run_than_the_announced_one_is_not_started(browse, active, ordinal):
    reply = start(browse, active, ordinal)
    assert reply.status_code == 409
    assert "The run was not started" in reply.text
    with browse.world.platform.database.read() as session:
        assert not runs.of_protocol(session, active)


def test_when_all_runs_are_used_nothing_offers_another(browse, active):
    for ordinal in (1, 2):
        start(browse, active, ordinal)
    page = browse.get(worlds.AUDITOR, f"/protocols/{active}").text
    assert "Start run" not in page
    assert "All agreed runs are used" in page
    reply = browse.get(worlds.AUDITOR, f"/protocols/{active}/start")
    assert reply.headers["location"] == f"/protocols/{active}"
    refused = start(browse, active, 3)
    assert refused.status_code == 409
    assert "all 2 agreed runs are used" in refused.text


def test_a_ledger_that_cannot_pay_is_said_on_the_page(browse, origin):
    world = browse.world
    spent = build({"runs": 20, "ledger_pair": 5, "ledger_owner_group": 5, "ledger_model": 5})
    protocol = world.agree(origin.suite, spent)
    assert start(browse, protocol, 1).status_code == 303
    reply = start(browse, protocol, 2)
    assert reply.status_code == 409
    assert "ledger pair" in reply.text


def test_one_protocol_costs_as_many_queries_with_runs_as_without(browse, active):
    browse.get(worlds.AUDITOR, f"/protocols/{active}")
    with counted(browse.world.platform.database) as none:
        browse.get(worlds.AUDITOR, f"/protocols/{active}")
    for ordinal in (1, 2):
        start(browse, active, ordinal)
    with counted(browse.world.platform.database) as two:
        browse.get(worlds.AUDITOR, f"/protocols/{active}")
    assert len(none) == len(two) <= 12


def _end(world, run):
    released.start(world, run)
    with world.platform.database.write() as session:
        finish.end(session, world.platform, runs.get(session, run), states.Run.FAILED, "some")


INSIDES = {
    "queued": lambda *_: None,
    "running": released.start,
    "failed": _end,
    "released": released.release,
}


@pytest.fixture(scope="module")
def looks(origin, tmp_path_factory):
    """What each role sees of a protocol while its run has this or that inside."""
    folder = tmp_path_factory.mktemp("looks")
    begun = copy(origin.world, folder / "begun")
    run = begun.reserve(origin.active)
    with begun.platform.database.read() as session:
        at = runs.get(session, run).reserved_at + 30
    seen = {}
    for name, act in INSIDES.items():
        world = copy(begun, folder / name)
        act(world, run)
        with visits(released.at(world, at), origin.cookies) as opened:
            seen[name] = {
                (who, path): _all_of(opened.get(who, path))
                for who in OUTSIDERS
                for path in _paths(origin.active)
            }
        world.platform.database.close()
    begun.platform.database.close()
    return seen


def _paths(protocol):
    shown = f"/protocols/{protocol}"
    return ("/protocols", shown, f"{shown}/start", f"{shown}/document", "/models/replayed")


def _all_of(reply):
    return reply.status_code, reply.headers.multi_items(), reply.content


def test_before_the_slot_every_byte_is_the_same_whatever_happens_inside(looks):
    before = looks["queued"]
    assert before[worlds.AUDITOR, "/protocols"][0] == 200
    for name, look in looks.items():
        for what, reply in look.items():
            assert reply == before[what], (name, what)
