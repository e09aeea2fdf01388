import io
import json

import pytest
from rich.console import Console

from benchmarks import __main__ as bench
from benchmarks import printing
from benchmarks.figures import Figure, Goal, Options, Row, percentile_95, take_turns
from benchmarks.rows import ROWS

OPTIONS = Options(rounds=3, full=False, say=str)


def figure(judged, goal):
    return Figure(
        what="thing",
        unit="s",
        ours=2.0,
        peer=1.0,
        bound=None,
        judged=judged,
        goal=goal,
        rounds=3,
    )


def printed(outcomes):
    text = io.StringIO()
    Console(width=150, file=text).print(printing.table(outcomes))
    return text.getvalue()


def test_every_goal_has_its_row():
    assert [row.number for row in ROWS] == [f"P{number}" for number in range(1, 15)]


def test_a_row_without_a_measurement_says_so_in_table_and_json():
    outcomes = [bench.measured(row, OPTIONS) for row in ROWS if row.measure is None]
    assert outcomes
    assert printed(outcomes).count("not yet measured") == len(outcomes)
    assert {row["instead"] for row in json.loads(printing.as_json(outcomes))["rows"]} == {
        "not yet measured"
    }


@pytest.mark.parametrize(
    ("judged", "goal", "word"),
    [
        (1.05, Goal(1.05), "met"),
        (1.06, Goal(1.05), "missed"),
        (0.6, Goal(0.6, at_least=True), "met"),
        (0.59, Goal(0.6, at_least=True), "missed"),
    ],
)
def test_a_goal_is_met_or_missed(judged, goal, word):
    outcome = printing.Outcome(ROWS[0], (figure(judged, goal),))
    assert printed([outcome]).split()[-1] == word
    assert json.loads(printing.as_json([outcome]))["rows"][0]["figures"][0]["met"] is (
        word == "met"
    )


def test_the_ratio_is_the_median_of_the_rounds():
    ours, peer = iter([9.0, 2.0, 8.0, 3.0]), iter([1.0, 1.0, 2.0, 3.0])
    turns = take_turns(lambda: next(ours), lambda: next(peer), 3)
    assert (turns.ours, turns.peer) == ((2.0, 8.0, 3.0), (1.0, 2.0, 3.0))
    assert turns.ratio == 2.0


@pytest.mark.parametrize(("count", "found"), [(1, 1), (12, 12), (20, 19), (100, 95)])
def test_the_95th_percentile_is_a_value_that_was_measured(count, found):
    assert percentile_95([float(number) for number in range(count, 0, -1)]) == found


def test_sides_swap_who_goes_first():
    order = []

    def side(name):
        return lambda: float(len(order)) if order.append(name) is None else 0.0

    take_turns(side("ours"), side("peer"), 2, warm_up=0)
    assert order == ["ours", "peer", "peer", "ours"]


def test_a_failing_row_does_not_hide_the_others():
    def fail(options):
        raise RuntimeError("no engine")

    outcome = bench.measured(Row("P0", "broken", "≤ 1", fail), OPTIONS)
    assert outcome.instead == "failed: RuntimeError: no engine"
    assert "no engine" in printed([outcome])


def test_an_unknown_row_is_refused(capsys):
    with pytest.raises(SystemExit) as refused:
        bench.main(["P99"])
    assert refused.value.code == 2
    assert "P99" in capsys.readouterr().err


def test_unmeasured_rows_end_well_and_failed_ones_do_not(capsys, monkeypatch):
    assert bench.main(["p2"]) == 0

    def fail(options):
        raise RuntimeError("no engine")

    monkeypatch.setattr(bench, "ROWS", (Row("P2", "broken", "≤ 1", fail),))
    assert bench.main(["P2"]) == 1
