"""The pages of runs: each party's list, the clock and what is inside, and the stop."""

import re
from contextlib import contextmanager

import pytest
from sqlalchemy import update

from harness.records import runs
from harness.services import states
from harness.services.agreements.terms import Terms
from harness.services.runs import finish
from tests.support import released
from tests.support import world as worlds
from tests.support.copies import copy
from tests.support.programs import STRANGER
from tests.support.queries import counted
from tests.support.visits import visits

TITLE = "Sums <script>alert(1)</script> & more"
TERMS = Terms(title=TITLE, run_wall_clock_s=600, start_within_s=600, grid_s=60, runs=20)
INSIDERS = (worlds.VENDOR, "operator")
OUTSIDERS = (worlds.AUDITOR, worlds.REGULATOR)
STOPPERS = (worlds.AUDITOR, *INSIDERS)
LOOKS_S = 90.0


def _suite(world):
    return world.suite(worlds.suite_files(worlds.simple_questions(20)))


@pytest.fixture(scope="module")
def origin(peopled, tmp_path_factory):
    """A world with one reserved run; its cookies are those of all copies."""
    world = copy(peopled, tmp_path_factory.mktemp("runs") / "data")
    run = world.reserve(world.agree(_suite(world), TERMS))
    with visits(world) as found:
        for name in (*INSIDERS, *OUTSIDERS, STRANGER):
            found.headers(name)
    world.platform.database.close()
    return world, run, found.cookies


@pytest.fixture
def world(origin, tmp_path):
    copied = copy(origin[0], tmp_path / "data")
    yield copied
    copied.platform.database.close()


@pytest.fixture
def run(origin):
    return origin[1]


@pytest.fixture
def browse(world, origin):
    with visits(world, origin[2]) as found:
        yield found


def _row(world, run_id):
    with world.platform.database.read() as session:
        return runs.get(session, run_id)


def _set(world, run_id, **values):
    """Let a worker's writing stand in the row, without a worker."""
    with world.platform.database.write() as session:
        session.execute(update(runs.Run).where(runs.Run.id == run_id).values(**values))


def _end(world, run_id, state=states.Run.ABORTED):
    with world.platform.database.write() as session:
        finish.end(session, world.platform, runs.get(session, run_id), state, "a_category")


@pytest.mark.parametrize("who", [*INSIDERS, *OUTSIDERS])
def test_every_party_has_its_list(browse, run, who):
    page = browse.get(who, "/runs")
    assert page.status_code == 200
    assert f'href="/runs/{run}"' in page.text
    assert "Sums &lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page.text
    assert "1 of 20" in page.text
    assert "Pending" in page.text
    assert ("queued" in page.text) is (who in INSIDERS)


def test_a_list_without_runs_says_what_to_do_next(browse):
    page = browse.get(STRANGER, "/runs")
    assert "No runs yet" in page.text
    assert 'href="/protocols"' in page.text


def test_a_list_costs_as_many_queries_for_one_run_as_for_many(browse, world, run):
    browse.get(worlds.AUDITOR, "/runs")
    with counted(world.platform.database) as one:
        browse.get(worlds.AUDITOR, "/runs")
    for _ in range(11):
        world.reserve(_row(world, run).protocol)
    with counted(world.platform.database) as many:
        page = browse.get(worlds.AUDITOR, "/runs")
    assert page.text.count('href="/runs/') == 12
    # Who is signed in, and the runs; what a protocol says is remembered.
    assert len(one) == len(many) == 2


def test_a_long_list_is_read_page_by_page(browse, world, run):
    protocol = _row(world, run).protocol
    reserved = [run, *(world.reserve(protocol) for _ in range(2))]
    seen, path = [], "/runs?limit=1"
    while path:
        page = browse.get(worlds.VENDOR, path).text
        seen += re.findall(r'<a href="/runs/([0-9a-f]{16})"', page)
        older = re.search(r'href="/runs\?cursor=([^"&]+)" rel="next"', page)
        path = f"/runs?limit=1&cursor={older[1]}" if older else ""
    assert seen == reserved[::-1]


@pytest.mark.parametrize("path", ["", "/{run}", "/{run}/progress", "/{run}/stop"])
def test_nobody_sees_a_run_without_signing_in(browse, run, path):
    reply = browse.get("", f"/runs{path.format(run=run)}")
    assert reply.status_code == 303
    assert reply.headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("path", ["/{run}", "/{run}/progress", "/{run}/stop"])
@pytest.mark.parametrize("name", ["{run}", "ffffffffffffffff", "%00", "x" * 40])
def test_a_strangers_run_is_not_found(browse, run, path, name):
    shown = f"/runs{path}".format(run=name.format(run=run))
    assert browse.get(STRANGER, shown).status_code == 404


@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsiders_see_the_clock_and_nothing_else(browse, world, run, who):
    released.start(world, run)
    _set(world, run, rows=7, requests=11)
    page = browse.get(who, f"/runs/{run}").text
    assert "Nothing else is shown before the slot, whatever happens inside" in page
    assert page.count("<progress") == 1
    for told in ("Running", "7 of 20", "11</dd>", "Samples answered", "Calls to the model"):
        assert told not in page


@pytest.mark.parametrize("who", INSIDERS)
def test_insiders_see_how_far_it_is(browse, world, run, who):
    released.start(world, run)
    _set(world, run, rows=7, requests=11)
    page = browse.get(who, f"/runs/{run}").text
    assert "Running" in page
    assert "7 of 20" in page
    assert re.search(r"Calls to the model</dt><dd>11</dd>", page)
    _end(world, run)
    after = browse.get(who, f"/runs/{run}").text
    assert "Aborted" in after
    assert "a_category" in after
    assert "Pending" in after


def test_only_insiders_are_told_why_a_run_waits(browse, run):
    hint = "No worker is alive, so the run waits"
    told = {who for who in (*INSIDERS, *OUTSIDERS) if hint in browse.get(who, f"/runs/{run}").text}
    assert told == set(INSIDERS)


def _nothing(*_):
    """Leave a run as it is."""


def _far(world, run):
    released.start(world, run)
    _set(world, run, rows=19, requests=99)


def _fail(world, run):
    released.start(world, run)
    _end(world, run, states.Run.FAILED)


INSIDES = {
    "queued": _nothing,
    "running": released.start,
    "far": _far,
    "aborted": _end,
    "failed": _fail,
    "released": released.release,
}


def _seen(found, who, run):
    """All bytes that an organisation can be shown of a run, headers and statuses included."""
    paths = ["/runs", *(f"/runs/{run}{end}" for end in ("", "?stop=asked", "/progress", "/stop"))]
    paths += ["/reports", *(f"/reports/{run}{end}" for end in ("", "/bundle", "/chart.svg"))]
    return {path: _all_of(found.get(who, path)) for path in paths}


def _all_of(reply):
    return reply.status_code, reply.headers.multi_items(), reply.content


@contextmanager
def _inside(origin, folder, inside):
    """A copy of the run with that inside, always looked at at one and the same moment."""
    world = copy(origin[0], folder / inside)
    at = _row(world, origin[1]).reserved_at
    INSIDES[inside](world, origin[1])
    with visits(released.at(world, at + LOOKS_S), origin[2]) as found:
        yield found
    world.platform.database.close()


@pytest.fixture(scope="module")
def looks(origin, tmp_path_factory):
    """What each role sees of each inside, and the run's state."""
    folder = tmp_path_factory.mktemp("looks")
    found = {}
    for name in INSIDES:
        with _inside(origin, folder, name) as browse:
            seen = {who: _seen(browse, who, origin[1]) for who in (*OUTSIDERS, worlds.VENDOR)}
            found[name] = seen | {"state": _row(browse.world, origin[1]).state}
    return found


@pytest.mark.parametrize("who", OUTSIDERS)
def test_before_the_slot_every_byte_is_the_same_whatever_happens_inside(looks, run, who):
    assert len({look["state"] for look in looks.values()}) == 5
    before = looks["queued"][who]
    assert before[f"/runs/{run}"][0] == 200
    for name, look in looks.items():
        for path, reply in look[who].items():
            assert reply == before[path], (name, path)


def test_whoever_may_look_inside_sees_the_difference(looks, run):
    for path in (f"/runs/{run}", f"/runs/{run}/progress"):
        assert len({look[worlds.VENDOR][path][2] for look in looks.values()}) == len(INSIDES)


def test_an_auditors_stop_is_answered_alike_whatever_happens_inside(origin, tmp_path):
    answers, run = {}, origin[1]
    for name in INSIDES:
        with _inside(origin, tmp_path, name) as found:
            reply = found.submit(worlds.AUDITOR, f"/runs/{run}/stop", f"/runs/{run}/stop")
            answers[name] = _all_of(reply), _seen(found, worlds.AUDITOR, run)
            state = _row(found.world, run).state
            # And yet it did what it could.
            assert name != "queued" or state == "ABORTED"
    assert answers["queued"][0][0] == 303
    assert all(answer == answers["queued"] for answer in answers.values())


def test_a_late_stop_of_the_auditor_is_written_down_as_any_other(origin, tmp_path):
    with visits(copy(origin[0], tmp_path / "data"), origin[2]) as found:
        world, run = found.world, origin[1]
        _end(world, run)
        with counted(world.platform.database) as asked:
            found.submit(worlds.AUDITOR, f"/runs/{run}/stop", f"/runs/{run}")
        assert [text for text in asked if text.startswith("INSERT INTO audit")]
        assert _row(world, run).stop_by is None
        world.platform.database.close()


@pytest.mark.parametrize("who", STOPPERS)
def test_a_stop_is_asked_for_once_by_name(browse, world, run, who):
    released.start(world, run)
    assert f'href="/runs/{run}/stop"' in browse.get(who, f"/runs/{run}").text
    page = browse.get(who, f"/runs/{run}/stop").text
    assert "Stop attempt 1 of Sums &lt;script&gt;alert(1)&lt;/script&gt; &amp; more?" in page
    assert _row(world, run).stop_by is None
    reply = browse.submit(who, f"/runs/{run}/stop", f"/runs/{run}/stop")
    assert (reply.status_code, reply.headers["location"]) == (303, f"/runs/{run}?stop=asked")
    assert _row(world, run).stop_by == who
    assert "notice" in browse.get(who, reply.headers["location"]).text


def test_a_run_that_waits_is_stopped_at_once(browse, world, run):
    browse.submit(worlds.VENDOR, f"/runs/{run}/stop", f"/runs/{run}/stop")
    row = _row(world, run)
    assert (row.state, row.category) == ("ABORTED", f"stopped:{worlds.VENDOR}")


def test_a_stop_without_the_forms_token_does_nothing(browse, world, run):
    assert browse.post(worlds.VENDOR, f"/runs/{run}/stop").status_code == 403
    assert browse.post(worlds.VENDOR, f"/runs/{run}/stop", csrf="00").status_code == 403
    assert browse.post("", f"/runs/{run}/stop").status_code == 303
    assert _row(world, run).state == "QUEUED"


def test_a_regulator_may_look_but_not_stop(browse, world, run):
    page = browse.get(worlds.REGULATOR, f"/runs/{run}").text
    assert "Stop" not in page
    assert browse.get(worlds.REGULATOR, f"/runs/{run}/stop").status_code == 403
    reply = browse.submit(worlds.REGULATOR, f"/runs/{run}/stop", "/runs")
    assert reply.status_code == 403
    assert _row(world, run).state == "QUEUED"


def test_a_stranger_stops_nothing(browse, world, run):
    assert browse.submit(STRANGER, f"/runs/{run}/stop", "/runs").status_code == 404
    assert _row(world, run).state == "QUEUED"


def test_what_has_ended_cannot_be_stopped(browse, world, run):
    _end(world, run)
    assert f'href="/runs/{run}/stop"' not in browse.get(worlds.VENDOR, f"/runs/{run}").text
    reply = browse.get(worlds.VENDOR, f"/runs/{run}/stop")
    assert (reply.status_code, reply.headers["location"]) == (303, f"/runs/{run}")
    assert browse.submit(worlds.VENDOR, f"/runs/{run}/stop", "/runs").status_code == 409


def test_the_part_that_changes_asks_for_itself_until_there_is_an_outcome(world, origin, run):
    slot = released.release(world, run)
    for now, polls in ((slot - 1, True), (slot, False)):
        with visits(released.at(world, now), origin[2]) as found:
            part = found.get(worlds.AUDITOR, f"/runs/{run}/progress").text
            whole = found.get(worlds.AUDITOR, f"/runs/{run}").text
        assert part in whole
        assert "<html" not in part
        assert (f'hx-get="/runs/{run}/progress"' in part) is polls
        assert (f'href="/reports/{run}"' in part) is not polls
        assert ("Stop now" in part) is polls


@pytest.mark.parametrize("who", OUTSIDERS)
def test_at_the_slot_a_failed_run_says_so_and_no_more(world, origin, run, who):
    released.start(world, run)
    _end(world, run, states.Run.FAILED)
    with visits(released.at(world, _row(world, run).slot_at), origin[2]) as found:
        page = found.get(who, f"/runs/{run}").text
    assert "Failed" in page
    assert "This attempt has no report" in page
    assert "a_category" not in page
    assert "hx-get" not in page


def test_a_refunded_run_says_that_it_does_not_count(browse, world, run):
    _end(world, run, states.Run.EXPIRED)
    page = browse.get(worlds.AUDITOR, f"/runs/{run}").text
    assert "Refunded" in page
    assert "does not count" in page


def test_the_clock_stands_still_at_the_slot(world, origin, run):
    late = _row(world, run).slot_at + 30
    with visits(released.at(world, late), origin[2]) as found:
        page = found.get(worlds.AUDITOR, f"/runs/{run}/progress").text
    value, most = re.search(r'<progress[^>]* value="(\d+)" max="(\d+)"', page).groups()
    assert value == most
    assert "the outcome follows within a minute" in page


def test_a_session_that_is_over_leads_the_whole_page_to_the_sign_in(browse, run):
    reply = browse.get("", f"/runs/{run}/progress", **{"hx-request": "true"})
    assert reply.status_code == 200
    assert reply.headers["hx-redirect"] == f"/sign-in?next=/runs/{run}"
    assert reply.content == b""
