"""P11: gate and bound for 10,000 samples x 20 metrics, in plain Python.

Ours is all that stands between a run's rows and what may leave: every row checked and summed,
totals rounded, the alphabet counted and its bits. The peer adds up the same rows as anybody would
who wants it quick, column by column with the built-in `zip` and `sum`, and checks nothing. Times
are of the processor, since nothing here waits.
"""

import random
import time
from collections.abc import Sequence

from benchmarks.figures import Figure, Goal, Options, median, take_turns
from harness.disclosure.bits import Policy, microbits, report_alphabet
from harness.disclosure.cells import Cell, Kind
from harness.disclosure.gate import release_rows
from harness.disclosure.metrics import Field, Plan, Row

_SAMPLES = 10_000
_METRICS = 20
_ROUNDS = 15


def measure(options: Options) -> Sequence[Figure]:
    """Take turns on rows of scores from 0 to 10 that are the same every time."""
    plan, cells, rows = _run()
    policy = Policy()
    charged = report_alphabet(cells, policy)

    def ours() -> float:
        began = time.process_time()
        released = release_rows(rows, plan, cells, policy, charged=charged)
        microbits(report_alphabet(cells, policy))
        took = time.process_time() - began
        if len(released.levels) != _METRICS:
            raise RuntimeError("the gate released something else")
        return took

    def peer() -> float:
        began = time.process_time()
        totals = [sum(column) for column in zip(*[row[2] for row in rows], strict=True)]
        took = time.process_time() - began
        if len(totals) != _METRICS:
            raise RuntimeError("the sum is of something else")
        return took

    # Milliseconds each: more turns than other rows need, so that one slow turn decides nothing.
    rounds = max(options.rounds, _ROUNDS)
    turns = take_turns(ours, peer, rounds)
    mine, theirs = median(turns.ours) * 1000, median(turns.peer) * 1000
    what = "gate and bound, 10,000 samples x 20 metrics"
    return [
        Figure(what, "ms", mine, None, None, mine, Goal(50, unit=" ms"), rounds),
        Figure(f"{what} / plain sum", "ms", mine, theirs, None, turns.ratio, Goal(3), rounds),
    ]


def _run() -> tuple[Plan, tuple[Cell, ...], list[Row]]:
    names = [f"m{i}" for i in range(_METRICS)]
    plan = Plan(tuple(Field(name, 0, 10) for name in names), tuple({} for _ in range(_SAMPLES)))
    cells = tuple(Cell(name, name, Kind.BOUNDED_MEAN, 0, 10, (), 50, _SAMPLES) for name in names)
    pick = random.Random(11)  # noqa: S311 - the same rows every time, nothing secret
    rows: list[Row] = [
        (sample, 0, tuple(pick.randint(0, 10) for _ in names)) for sample in range(_SAMPLES)
    ]
    return plan, cells, rows
