"""The figures in docs/release-gate.md are those that the code computes."""

from dataclasses import replace
from fractions import Fraction
from math import exp, log2
from pathlib import Path

import pytest

from harness.disclosure import privacy
from harness.disclosure.accountant import Caps
from harness.disclosure.bits import Policy, microbits, report_alphabet, text
from harness.disclosure.cells import Cell, Exposure, Group, Kind, level_of, levels
from harness.disclosure.figures import shown
from harness.disclosure.gate import COMPLETENESS
from harness.disclosure.outputs import output_alphabet
from harness.disclosure.precision import rounding_percent

PAGE = Path(__file__).parents[4] / "docs" / "release-gate.md"


def proportion(n, name="accuracy", group=None):
    return Cell(name, "correct", Kind.PROPORTION, 0, 1, (), 5, n, group)


WHOLE = proportion(500)
PARTS = tuple(proportion(100, f"a.g{i}", Group("topic", f"g{i}")) for i in range(5))
MIX = Cell("outcome", "outcome", Kind.HISTOGRAM, 0, 3, ("a", "b", "c", "d"), 5, 500)
REPORT = (WHOLE, *PARTS, proportion(500, "refusals"), MIX)


@pytest.fixture(scope="module")
def page():
    return " ".join(PAGE.read_text(encoding="utf-8").split())


def row(label, cell, k=""):
    found = levels(cell)
    return f"| {label} | {cell.n} | {k}{' ' if k else ''}| {found} | {text(microbits(found))} |"


def total(**policy):
    return text(microbits(report_alphabet(REPORT, Policy(**policy))))


def test_table_of_the_worked_example(page):
    assert row("accuracy", WHOLE) in page
    assert row("accuracy by topic, each of 5 groups", PARTS[0]) in page
    assert row("refusal rate", WHOLE) in page
    assert row("outcome, 4 categories", MIX, "4") in page


def test_totals_of_the_worked_example(page):
    assert f"| **the report** | | | | **{total()}** |" in page
    assert f"(Q = 2) | | | | {total(buckets=True)} |" in page
    assert f"(V = 3) | | | | {total(buckets=True, identity_verdict=True)} |" in page


def test_error_by_noise_and_rounding(page):
    for epsilon in ("1", "0.5", "0.1"):
        agreed = privacy.Privacy(privacy.amount(epsilon))
        assert f"| {epsilon} | {privacy.error(WHOLE, (WHOLE,), agreed)} |" in page
    agreed = privacy.Privacy(privacy.amount("0.02"))
    assert f"{privacy.error(WHOLE, (WHOLE,), agreed)} is stated" in page


def test_what_noise_does_to_the_whole_report(page):
    # The sum over all levels of the greatest chance that any true sum gives them.
    q = exp(-1)

    def at_least(z):
        return q**z / (1 + q) if z > 0 else 1 - q ** (1 - z) / (1 + q)

    def chance(level, total):
        below = 1 if level == 0 else at_least(5 * level - 2 - total)
        return below - (0 if level == 100 else at_least(5 * level + 3 - total))

    leak = log2(sum(max(chance(k, total) for total in range(501)) for k in range(101)))
    assert f"a proportion of 500 has {leak:.2f} bits in place of {log2(101):.2f}" in page


def test_bound_of_a_single_output(page):
    own = replace(REPORT[-2], metric="refused")
    bound = output_alphabet((*REPORT[:-2], own, MIX), Policy())
    assert f"{bound - 1} combinations of scores, so {text(microbits(bound))} bits" in page


def test_other_kinds(page):
    def line(kind, hi=1, labels=(), **parts):
        found = levels(Cell("x", "m", kind, 0, hi, labels, 5, 500, **parts))
        return f"| {found} | {text(microbits(found))} |"

    sums = "| count, pass@k, second moment, rate per a stated exposure "
    assert sums + line(Kind.PASS_AT_K, attempts=1) in page
    assert sums + line(Kind.BOUNDED_COUNT) in page
    assert sums + line(Kind.SECOND_MOMENT) in page
    assert sums + line(Kind.RATE, exposure=Exposure(None, 3)) in page
    two = line(Kind.RATE, exposure=Exposure("turns", 3))
    assert f"| rate of two scores {two}" in page
    pairs = line(Kind.HISTOGRAM, 2, ("first", "second", "same"))
    assert f"| discordant pairs: first, second, same {pairs}" in page


def test_single_metric(page):
    cell = proportion(1319)
    level = level_of(cell, 742)
    alphabet = report_alphabet([cell], Policy())
    assert f"there are {levels(cell)} levels; with FAILED that is {alphabet} reports" in page
    assert f"{text(microbits(alphabet))} bits" in page
    assert f"level {level}, shown as {shown(cell, (level,))}" in page


def test_precision(page):
    half, edge = Fraction(1, 2), Fraction(98, 100)
    assert f"{rounding_percent(100, 5, half)} % at n = 100" in page
    assert f"{rounding_percent(500, 5, half)} % at n = 500" in page
    assert f"it is {rounding_percent(500, 5, edge)} %" in page


def test_caps_and_buckets(page):
    caps = Caps()
    assert f"| a report | {caps.report} |" in page
    assert f"| an auditor and a model, a year | {caps.pair} |" in page
    assert f"| auditors with one owner and a model, a year | {caps.owner_group} |" in page
    assert f"| a model over everybody, a year | {caps.model} |" in page
    assert f"at most {caps.model // 8} bytes" in page
    assert ", ".join(COMPLETENESS) in page
