"""Figures of a report, computed from released levels only.

A reader with the protocol and the levels gets the same strings, so they carry no bits. All
figures are decimal strings with three decimals.
"""

from fractions import Fraction
from itertools import accumulate
from math import ceil, floor
from typing import Any

from harness.disclosure.cells import Cell, Kind, Levels, admits, ends, grid, group_entry, scale
from harness.disclosure.errors import DisclosureError
from harness.disclosure.intervals import interval, span

_SCALE = 1000


def rounded(value: Fraction) -> str:
    """Three decimals, half away from zero; never a negative zero."""
    return _decimal(_sign(value) * floor(abs(value) * _SCALE + Fraction(1, 2)))


def shown_sum(cell: Cell, level: int) -> str:
    """Return lo + (hi - lo) level m / n, clipped to [lo, hi], in the unit of the figure.

    Of a paired difference (hi - lo) level m / n, clipped to what scores can differ by.
    """
    lo, hi = ends(cell)
    if cell.kind is Kind.PAIRED_DIFFERENCE:
        mean = Fraction(hi * level * cell.unit, cell.n)
        return rounded(min(max(mean, Fraction(lo)), Fraction(hi)))
    mean = lo + Fraction((hi - lo) * level * cell.unit, cell.n)
    return rounded(scale(cell) * min(max(mean, Fraction(lo)), Fraction(hi)))


def range_shown(cell: Cell) -> tuple[Fraction, Fraction]:
    """Least and greatest figure of a sum."""
    lo, hi = ends(cell)
    return scale(cell) * lo, scale(cell) * hi


def shown_ratio(cell: Cell, value: Levels) -> str | None:
    """Figure of a rate of two scores, from both levels; None where no exposure is on the grid."""
    count, exposure = value
    if cell.exposure is None or exposure == 0:
        return None
    return rounded(Fraction(count * cell.hi, exposure * cell.exposure.hi))


def shown(cell: Cell, value: Levels) -> str | dict[str, str] | None:
    """Figure of a cell: one string, or for a histogram each label's share of the N units.

    Raises `DisclosureError` when the levels are not in the cell's alphabet.
    """
    if not admits(cell, value):
        raise DisclosureError("level: outside the declared grid")
    if cell.two_levels:
        return shown_ratio(cell, value)
    if cell.kind is not Kind.HISTOGRAM:
        return shown_sum(cell, value[0])
    top = grid(cell.n, cell.unit)
    return {
        label: rounded(Fraction(level, top)) if top else "0.000"
        for label, level in zip(cell.labels, value, strict=True)
    }


def percentiles(cell: Cell, value: Levels) -> list[dict[str, Any]]:
    """Read the declared percentiles off a released histogram, never off the samples.

    The p-th is the first label by which at least p percent of the N units are counted.
    """
    counted = list(accumulate(value))
    return [
        {
            "percent": percent,
            "label": next(
                label
                for label, units in zip(cell.labels, counted, strict=True)
                if 100 * units >= percent * counted[-1]
            ),
        }
        for percent in cell.percentiles
    ]


def end_mark(cell: Cell, value: Levels, epochs: int = 1) -> str | None:
    """Return "≤ …" at the lowest level and "≥ …" at the highest, as pages write the ends.

    The figure beside the sign is the extreme mean that the level stands for, rounded outward.
    None for inner levels, histograms, rates of two scores and paired differences.
    """
    if not cell.one_sum or value[0] not in (0, grid(cell.n, cell.unit)):
        return None
    low, high = (scale(cell) * end for end in span(cell, value[0], epochs))
    if value[0] == 0:
        return f"≤ {_decimal(ceil(high * _SCALE))}"
    return f"≥ {_decimal(floor(low * _SCALE))}"


def figure(cell: Cell, value: Levels, epochs: int = 1, *, noised: bool = False) -> dict[str, Any]:
    """Return one entry of a report's `metrics`, in plain values ready for canonical JSON.

    Of a level with noise there is no interval: it would leave the noise out.
    """
    entry: dict[str, Any] = {
        "id": cell.id,
        "kind": cell.kind.value,
        "group": group_entry(cell.group),
        "n": cell.n,
        "unit": cell.unit,
        "shown": shown(cell, value),
    }
    if cell.kind is Kind.HISTOGRAM:
        read = {"percentiles": percentiles(cell, value)} if cell.percentiles else {}
        return entry | {"levels": list(value), "interval": None} | read
    if cell.two_levels:
        return entry | {"levels": list(value), "interval": None}
    if noised or cell.kind is Kind.PAIRED_DIFFERENCE:
        return entry | {"level": value[0], "interval": None}
    found = interval(cell, value[0], epochs)
    return entry | {
        "level": value[0],
        "interval": {
            "low": found.low,
            "high": found.high,
            "method": found.method,
            "confidence": found.confidence,
        },
    }


def _sign(value: Fraction) -> int:
    return -1 if value < 0 else 1


def _decimal(thousandths: int) -> str:
    sign = "-" if thousandths < 0 else ""
    whole, rest = divmod(abs(thousandths), _SCALE)
    return f"{sign}{whole}.{rest:03d}"
