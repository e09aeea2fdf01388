"""The hostile catalogue end to end: a real container, gateway, worker, database and application.

Programs of closed channels are played with secrets that make their runs as different as can be
inside; what the auditor can ask for is the same bytes at every address, before the slot and after.
"""

import json

import pytest

from tests.integration.hostile import stage
from tests.support.onlooker import View, differing, differing_in_words

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(600)]

# A program, and how its run ends inside for each secret.
PLAYS = {
    "exit_code": {0: "guest_fault:no_end", 200: "guest_fault:no_end"},
    "signals": {9: "guest_fault:no_end", 11: "guest_fault:no_end"},
    "out_of_memory": {0: "guest_fault:no_end", 1: "oom:oom"},
    "ways_to_fail": {0: "guest_fault:missing_field", 2: "over_budget:requests"},
    "sleep": {0: "released", 31: "released"},
    "sleep_and_fail": {0: "guest_fault:no_end", 31: "guest_fault:no_end"},
    "number_of_calls": {0: "released", 15: "released"},
    "how_many_calls_fail": {0: "released", 2: "released"},
    "a_hundred_megabytes": {0: "released", 1: "released"},
    "floats": {0: "guest_fault:not_int", 1: "guest_fault:not_int"},
    "script_in_a_name": {0: "guest_fault:bad_name", 1: "guest_fault:bad_name"},
    "order_of_rows": {0: "released", 31: "released"},
}


@pytest.fixture(scope="module")
def plain(hostile_image, tmp_path_factory):
    made = stage.Stage(tmp_path_factory.mktemp("plain"), hostile_image, "plain")
    yield made
    made.close()


def said(program: str, secret: int = 0) -> str:
    return f"{program} {secret:08b}"


def outcome(plain: stage.Stage, view: View) -> str:
    status, _, body = view[f"/api/v1/runs/{plain.runs[0]}"]
    assert status == 200
    return json.loads(body)["outcome"]


def report(plain: stage.Stage) -> str:
    return f"/api/v1/reports/{plain.runs[0]}"


def check_alike(plain: stage.Stage, one: stage.Played, other: stage.Played) -> None:
    """Nothing differs but the sealed receipt of what was used, with what is computed from it."""
    assert differing(one.before, other.before) == set()
    assert differing_in_words(one.after, other.after) == set()
    assert one.after[report(plain)] == other.after[report(plain)]


@pytest.mark.parametrize("program", PLAYS)
def test_a_closed_channel_has_one_view(plain, program):
    first, other = [plain.play(said(program, secret)) for secret in PLAYS[program]]
    # What is played does happen, and is known to whoever may know it.
    assert [played.inside[0][1] for played in (first, other)] == list(PLAYS[program].values())
    assert outcome(plain, first.before) == "PENDING"
    assert outcome(plain, first.after) in {"RELEASED", "FAILED"}
    check_alike(plain, first, other)


def test_a_level_is_seen_at_its_slot_and_not_before(plain):
    """The control: the same looking finds what the bound counts."""
    low, high = (plain.play(said("grid", level)) for level in (0, 4))
    assert differing(low.before, high.before) == set()
    assert report(plain) in differing_in_words(low.after, high.after)


def test_nothing_is_left_for_the_next_run(plain):
    one, other = (
        plain.play(said("leave_a_note", secret), said("find_a_note")) for secret in (1, 3)
    )
    assert [category for _, category in one.inside] == ["released"] * 2
    check_alike(plain, one, other)


def test_a_note_is_found_where_it_was_left(plain):
    """The control: in one container both programs do their work."""
    one, other = (plain.play(said("leave_and_find", secret)) for secret in (1, 3))
    assert report(plain) in differing_in_words(one.after, other.after)


def test_a_run_that_keeps_the_host_busy_does_not_show_in_another(plain):
    idle, busy = (
        plain.play(said("hog", much), said("order_of_rows", 31), together=True) for much in (0, 1)
    )
    assert [category for _, category in busy.inside] == ["released"] * 2
    check_alike(plain, idle, busy)
