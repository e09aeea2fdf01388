"""Lists and reports on both databases: the same rows, page by page."""

import pytest

from harness.errors import Conflict
from harness.paging import Window
from harness.services.access import Actor
from harness.services.agreements.terms import Terms
from harness.services.parties import sessions
from harness.services.publication import lists, reports
from tests.support import released, service
from tests.support import world as worlds

ACTORS = (
    Actor(worlds.AUDITOR, "auditor"),
    Actor(worlds.VENDOR, "vendor"),
    Actor(worlds.REGULATOR, "regulator"),
)
STRANGER = Actor("somebody-else", "auditor")
TERMS = Terms(run_wall_clock_s=60, start_within_s=60, grid_s=1, runs=5, release="on_completion")


@pytest.fixture
def world(tmp_path, database_url):
    """Three runs: the first two of them released, at whose slots the clock has stood."""
    world = worlds.make(tmp_path / "data", database_url=database_url)
    world.image()
    world.model()
    protocol = world.agree(world.suite(worlds.suite_files(worlds.simple_questions(20))), TERMS)
    for _ in range(2):
        run = world.reserve(protocol)
        world = released.at(world, released.release(world, run) + 1)
    world.reserve(protocol)
    yield world
    world.platform.database.close()


def _pages(world, actor, listed, limit):
    """Every row of a list, read page by page."""
    rows, window = [], Window(limit)
    while True:
        with world.platform.database.read() as session:
            page = listed(session, world.platform, actor, window)
        rows += page.rows
        if page.next is None:
            return rows
        window = Window(limit, page.next)


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_lists_are_whole_and_in_order_whatever_the_pages(world, limit):
    for actor in ACTORS:
        attempts = _pages(world, actor, lists.attempts, limit)
        assert [row.seen.ordinal for row in attempts] == [3, 2, 1]
        assert [row.seen.outcome for row in attempts] == ["PENDING", "RELEASED", "RELEASED"]
        found = _pages(world, actor, lists.reports, limit)
        assert [row.run for row in found] == [row.seen.id for row in attempts[1:]]
        assert {row.headline.shown for row in found} == {"0.750"}
    assert _pages(world, STRANGER, lists.attempts, limit) == []
    assert _pages(world, STRANGER, lists.reports, limit) == []


def test_a_report_is_found_by_its_id_and_by_the_beginning_of_it(world):
    waiting, newest, _ = _pages(world, ACTORS[0], lists.attempts, 50)
    with world.platform.database.read() as session:
        whole = reports.edition(session, world.platform, ACTORS[0], newest.seen.id)
        begun = reports.edition(session, world.platform, ACTORS[0], newest.seen.id[:12])
        proof = reports.proof(session, world.platform, ACTORS[0], newest.seen.id)
        with pytest.raises(Conflict, match="no report yet"):
            reports.edition(session, world.platform, ACTORS[0], waiting.seen.id)
    assert whole == begun
    assert proof.checks.passed


def test_a_session_tells_its_person_and_organisations(world):
    (secret,) = service.signed_in(world, service.member(world, worlds.VENDOR)).values()
    with world.platform.database.read() as session:
        signed = sessions.look(session, world.platform, secret)
        assert sessions.look(session, world.platform, "none") is None
    assert signed.actor == Actor(worlds.VENDOR, "vendor", signed.login)
    assert (signed.has_password, signed.organisations) == (False, (worlds.VENDOR,))
