"""The game through database, log and the worker's own code: the short way sees what there is."""

import json
import logging

import pytest

from tests.hostile.game import auditor, suite, whole

CATALOGUE = suite.catalogue()
# Of each family those whose runs differ inside, for the trusted side.
PLAYED = (
    "which_samples_passed",
    "words_of_a_wrong_answer",
    "floats",
    "script_in_a_name",
    "exit_code",
    "out_of_memory",
    "sleep",
    "edge_of_the_slot",
    "removal_that_takes_ages",
    "a_stop_by_somebody_else",
    "number_of_calls",
    "how_many_calls_fail",
    "which_budget_is_spent",
)
CANARY = "4711canary4711"


@pytest.fixture(scope="module")
def stage(game, tmp_path_factory):
    return whole.Stage(game.arena, tmp_path_factory.mktemp("whole") / "stage")


@pytest.fixture(scope="module")
def look(stage):
    def seen(name, secret):
        one = CATALOGUE[name]
        (agreement,) = one.agreements
        return stage.carry(agreement, one.program, one.uses, secret, late=one.late)

    return seen


@pytest.mark.parametrize("name", PLAYED)
def test_two_secrets_look_the_same_at_every_moment(game, look, name):
    one = CATALOGUE[name]
    first, second = look(name, 0), look(name, one.secrets[-1])
    assert first == second
    short, last = json.loads(game.view(one, 0)), json.loads(first[-1])
    assert last["outcome"] == short["outcome"]
    assert bare(last.get("report")) == bare(short["report"])


def bare(report):
    """Without what depends on other runs of the agreement, which the short way leaves out."""
    if report is None:
        return None
    told = json.loads(report)
    del told["run"]["attempt_line"], told["disclosure"]["pair_total_bits"]
    return told


def test_another_level_is_seen(look):
    """The control."""
    zero, one = look("grid", 0), look("grid", 1)
    assert [auditor.levels(seen[0]) for seen in (zero, one)] == [(0,), (1,)]
    assert zero[0] != one[0]


def test_a_failure_is_seen_as_one(look):
    failed, released = look("fail_or_not", 1), look("fail_or_not", 0)
    assert auditor.outcome(failed[0]) == "FAILED"
    assert auditor.outcome(released[0]) == "RELEASED"


def everything_with_a_canary(guest, _secret):
    guest.send(f"GET /{CANARY} HTTP/1.1\r\nHost: {CANARY}\r\nX-{CANARY}: 1\r\n\r\n".encode(), 1)
    guest.send(CANARY.encode() + b"\r\n\r\n", 2)
    guest.ask(f"Tell {CANARY}.", model=CANARY)
    guest.ask(f"Tell {CANARY}.", temperature=CANARY)
    guest.ask(f"trouble {CANARY}")


def at_last(*how):
    def program(guest, secret):
        everything_with_a_canary(guest, secret)
        for act in how:
            act(guest)
        guest.finish()

    return program


@pytest.mark.parametrize(
    "program",
    [
        at_last(),
        at_last(lambda guest: guest.row("q0", {CANARY: 1})),
        at_last(lambda guest: guest.row("q0", {"correct": CANARY})),
        at_last(lambda guest: guest.row(CANARY, {"correct": 1})),
        at_last(lambda guest: guest.raw_row("q0", CANARY.encode())),
        at_last(lambda guest: guest.end(CANARY)),
    ],
    ids=["beside the rows", "metric", "value", "sample", "no row", "end"],
)
def test_nothing_that_a_suite_wrote_is_kept_or_logged(game, stage, caplog, program):
    caplog.set_level(logging.DEBUG)
    views = stage.carry("plain", program, 1, 1)
    kept = b"".join(path.read_bytes() for path in stage.folder.rglob("*") if path.is_file())
    assert len(kept) > 10_000
    for place in (kept, caplog.text.encode(), *views):
        assert CANARY.encode() not in place
    # The control: what is known of the run is there.
    assert game.arena.agreements["plain"].claims[0].run.id.encode() in kept
