"""The bound for one output: what a report can tell about a single reply of the model.

With all other outputs held fixed, one output moves a sum by at most what one sample adds, which
is at most a unit: its level takes one of two values, that of a paired difference one of three where
the unit is a single sample. A histogram takes one of k, and a rate of two scores moves two levels.
Nor can an output do more than choose its own scores. So it chooses
among

    c = min( product over the metrics that it feeds of 2, 4 or k; product of its scores' values )

and a report is one of T (c Q V D + F), never more than of the whole alphabet; the maximal leakage
about one output is the logarithm of that (Issa, Wagner and Kamath, arXiv 1807.07878). Where noise
of epsilon is agreed, c may be replaced by e^epsilon.

It holds only where outputs meet nowhere but in the totals: no prompt, score, budget or clock that
one output changes may reach another's score. Whoever asks says whether that is so.
"""

from collections.abc import Iterable, Sequence
from math import prod

from harness.disclosure import privacy
from harness.disclosure.bits import FAILURES, Policy, factors, microbits, report_alphabet
from harness.disclosure.cells import Cell, Kind


def output_alphabet(cells: Sequence[Cell], policy: Policy) -> int:
    """Return how many different reports one output can bring about, the others being fixed."""
    known = factors(policy)
    shown = known["completeness"] * known["identity"] * known["deviations"]
    one = known["slots"] * (choices(cells) * shown + FAILURES)
    return min(one, report_alphabet(cells, policy))


def output_microbits(cells: Sequence[Cell], policy: Policy) -> int:
    """Return the bound in microbits, rounded up, noise included."""
    least = microbits(output_alphabet(cells, policy))
    known = factors(policy)
    if policy.privacy is None or known["slots"] > 1:
        return least
    shown = known["completeness"] * known["identity"] * known["deviations"]
    return min(least, privacy.output_microbits(policy.privacy, shown, FAILURES))


def choices(cells: Sequence[Cell]) -> int:
    """c: among how many combinations of levels one output can choose."""
    return min(_moved(cells), _scores(cells))


def _moved(cells: Iterable[Cell]) -> int:
    """Over all samples and the group of each dimension whose figures can move most."""
    whole = 1
    groups: dict[str, dict[str, int]] = {}
    for cell in cells:
        if cell.group is None:
            whole *= _values(cell)
            continue
        labels = groups.setdefault(cell.group.dimension, {})
        labels[cell.group.label] = labels.get(cell.group.label, 1) * _values(cell)
    return whole * prod(max(labels.values()) for labels in groups.values())


def _values(cell: Cell) -> int:
    if cell.kind is Kind.HISTOGRAM:
        return len(cell.labels)
    if cell.kind is Kind.PAIRED_DIFFERENCE and cell.unit == 1:
        # Halves round away from zero on both sides: one unit can reach from -1 over 0 to 1.
        return 3
    return 4 if cell.two_levels else 2


def _scores(cells: Iterable[Cell]) -> int:
    """Number of values that the scores of one output can take together."""
    widths: dict[str, int] = {}
    for cell in cells:
        widths[cell.metric] = cell.hi - cell.lo + 1
        if cell.exposure is not None and cell.exposure.metric is not None:
            widths[cell.exposure.metric] = cell.exposure.hi + 1
    return prod(widths.values())
