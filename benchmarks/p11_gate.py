"""P11: gate and bound for 10,000 samples x 20 metrics, in plain Python.

Ours is all that stands between a run's rows and what may leave: every row checked and summed,
totals rounded, the alphabet counted and its bits. The peer is one plain `sum` for each metric over
the same rows, and checks nothing. Beside it stands the quickest way to add them up that we know,
rows turned into columns by `zip` first, as a remark. Times are of the processor, since nothing here
waits.
"""

import random
import time
from collections.abc import Callable, Sequence
from functools import partial

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

    def plain() -> list[int]:
        return [sum(row[2][place] for row in rows) for place in range(_METRICS)]

    def by_column() -> list[int]:
        return [sum(column) for column in zip(*[row[2] for row in rows], strict=True)]

    # Milliseconds each: more turns than other rows need, so that one slow turn decides nothing.
    rounds = max(options.rounds, _ROUNDS)
    turns = take_turns(ours, partial(_timed, plain), rounds)
    quick = take_turns(ours, partial(_timed, by_column), rounds)
    mine, theirs = median(turns.ours) * 1000, median(turns.peer) * 1000
    what = "gate and bound, 10,000 samples x 20 metrics"
    beside = f"{quick.ratio:.2f} of a sum by column"
    return [
        Figure(what, "ms", mine, None, None, mine, Goal(50, unit=" ms"), rounds),
        Figure(
            f"{what} / plain sum", "ms", mine, theirs, None, turns.ratio, Goal(3), rounds, beside
        ),
    ]


def _timed(add_up: Callable[[], list[int]]) -> float:
    began = time.process_time()
    totals = add_up()
    took = time.process_time() - began
    if len(totals) != _METRICS:
        raise RuntimeError("the sum is of something else")
    return took


def _run() -> tuple[Plan, tuple[Cell, ...], list[Row]]:
    names = [f"m{i}" for i in range(_METRICS)]
    plan = Plan(tuple(Field(name, 0, 10) for name in names), tuple({} for _ in range(_SAMPLES)))
    cells = tuple(Cell(name, name, Kind.BOUNDED_MEAN, 0, 10, (), 50, _SAMPLES) for name in names)
    pick = random.Random(11)  # noqa: S311 - the same rows every time, nothing secret
    rows: list[Row] = [
        (sample, 0, tuple(pick.randint(0, 10) for _ in names)) for sample in range(_SAMPLES)
    ]
    return plan, cells, rows
