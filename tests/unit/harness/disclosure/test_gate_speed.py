"""P11: gate and bound for 10,000 samples x 20 metrics cost at most three plain sums of them."""

import random
import time

from harness.disclosure.bits import Policy, microbits, report_alphabet
from harness.disclosure.cells import Cell, Kind
from harness.disclosure.gate import release_rows
from harness.disclosure.metrics import Field, Plan

N = 10_000
HIGHEST = [1] * 12 + [4] * 4 + [100] * 4


def kind_of(hi):
    return {1: Kind.PROPORTION, 4: Kind.HISTOGRAM}.get(hi, Kind.BOUNDED_MEAN)


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def test_gate_and_bound_cost_at_most_three_plain_sums():
    rng = random.Random(11)  # noqa: S311 - test data
    fields = tuple(Field(f"m{j}", 0, hi) for j, hi in enumerate(HIGHEST))
    rows = [(i, 0, tuple(rng.randint(0, hi) for hi in HIGHEST)) for i in range(N)]
    rng.shuffle(rows)
    cells = [
        Cell(f"m{j}", f"m{j}", kind_of(hi), 0, hi, tuple("abcde") if hi == 4 else (), 5, N)
        for j, hi in enumerate(HIGHEST)
    ]
    plan = Plan(fields, ({},) * N)
    policy = Policy()

    def plain_sum():
        totals = [0] * len(HIGHEST)
        for _, _, values in rows:
            for j in range(len(HIGHEST)):
                totals[j] += values[j]
        return totals

    def gate():
        alphabet = report_alphabet(cells, policy)
        microbits(alphabet)
        return release_rows(rows, plan, cells, policy, charged=alphabet)

    assert gate().levels[0] == ((2 * plain_sum()[0] + 5) // 10,)
    # Side by side and the best of each, so that a busy machine slows both.
    pairs = [(seconds(gate), seconds(plain_sum)) for _ in range(9)]
    assert min(ours for ours, _ in pairs) <= 3 * min(peer for _, peer in pairs)
