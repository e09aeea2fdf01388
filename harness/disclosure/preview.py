"""The preview that everyone sees before signing: shape, leak, cost and precision.

It has the exact shape of a report with invented levels, which depend on nothing but the order
of the metrics, so that its digest can be part of the protocol.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from harness.disclosure import privacy
from harness.disclosure.accountant import Caps
from harness.disclosure.bits import MICRO, Policy, microbits, report_alphabet, text
from harness.disclosure.cells import Cell, Kind, Levels, ends, grid, histogram_levels, levels
from harness.disclosure.figures import figure
from harness.disclosure.outputs import output_microbits
from harness.disclosure.precision import Precision, precision
from harness.disclosure.rules import recommended_unit

_BITS_PER_BYTE = 8


@dataclass(frozen=True, slots=True)
class Spending:
    """Caps of one run, prices in millionths of a US dollar per million tokens, runs agreed."""

    tokens_in: int
    tokens_out: int
    cost_microusd: int
    in_microusd_per_mtok: int
    out_microusd_per_mtok: int
    runs: int


@dataclass(frozen=True, slots=True)
class CellBits:
    """One line of the bits table."""

    id: str
    levels: int
    bits: str
    unit: int
    recommended_unit: int


@dataclass(frozen=True, slots=True)
class Yearly:
    """The worst case under the caps: reports of this shape in 365 days, and what they carry."""

    reports: int
    bits: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything to weigh before signing. Costs are millionths of a US dollar.

    `metrics` are entries of a report with invented levels; `precision` covers sums over one run.
    """

    metrics: tuple[dict[str, Any], ...]
    table: tuple[CellBits, ...]
    alphabet: int
    microbits: int
    bits: str
    yearly: Yearly
    cost_per_run: int
    cost_total: int
    precision: tuple[Precision, ...]
    words: tuple[str, ...]


def preview(
    cells: Sequence[Cell],
    policy: Policy,
    caps: Caps,
    spending: Spending,
    epochs: int = 1,
    *,
    meeting: str = "",
) -> Preview:
    """Preview of a protocol's reports. Deterministic.

    `meeting` says where outputs meet before the totals, so that none has a bound of its own.
    """
    count = report_alphabet(cells, policy)
    needed = microbits(count)
    yearly = worst_year(needed, caps)
    per_run = cost_ceiling(spending)
    return Preview(
        metrics=example(cells, epochs, noised=policy.privacy is not None),
        table=tuple(_line(cell) for cell in cells),
        alphabet=count,
        microbits=needed,
        bits=text(needed),
        yearly=yearly,
        cost_per_run=per_run,
        cost_total=per_run * spending.runs,
        precision=tuple(
            precision(cell, noise=_noise(cell, cells, policy)) for cell in cells if cell.one_sum
        ),
        words=(
            *_words(count, needed, yearly, caps),
            of_one_output(cells, policy, meeting),
            *(() if policy.privacy is None else privacy.words(cells, policy.privacy)),
        ),
    )


def example(cells: Sequence[Cell], epochs: int, *, noised: bool) -> tuple[dict[str, Any], ...]:
    """Return figures as a report has them, of invented levels."""
    return tuple(
        figure(cell, invented(cell, i), epochs, noised=noised) for i, cell in enumerate(cells)
    )


def _noise(cell: Cell, cells: Sequence[Cell], policy: Policy) -> Fraction:
    """The variance of the noise in a sum, in units of what one sample adds."""
    if policy.privacy is None:
        return Fraction(0)
    lo, hi = ends(cell)
    return privacy.variance(privacy.scale(cell, cells, policy.privacy) / (hi - lo))


def of_one_output(cells: Sequence[Cell], policy: Policy, meeting: str) -> str:
    """Say what a report tells about a single output at most, or why there is no such bound."""
    if meeting:
        return f"No smaller bound holds for a single output: {meeting}."
    most = text(output_microbits(cells, policy))
    return f"About any single output it tells at most {most} bits, all others being fixed."


def invented(cell: Cell, position: int) -> Levels:
    """Levels for an example: spread over the grid by position, falling over a histogram."""
    if cell.kind is Kind.HISTOGRAM:
        k = len(cell.labels)
        weights = [Fraction(2 * cell.n * (k - i), k * (k + 1)) for i in range(k)]
        return histogram_levels(cell, weights)
    top = grid(cell.n, cell.unit)
    if cell.kind is Kind.PAIRED_DIFFERENCE:
        return ((2 * top * ((61 + 37 * position) % 100)) // 100 - top,)
    level = top * ((61 + 37 * position) % 100) // 100
    return (level, top) if cell.two_levels else (level,)


def cost_ceiling(spending: Spending) -> int:
    """Return the most one run can cost: its token caps at their prices, or its cost cap."""
    tokens = (
        spending.tokens_in * spending.in_microusd_per_mtok
        + spending.tokens_out * spending.out_microusd_per_mtok
    )
    return min(spending.cost_microusd, -(-tokens // 1_000_000))


def worst_year(needed: int, caps: Caps) -> Yearly:
    """Return how many reports of `needed` microbits one auditor can have in a rolling year."""
    if needed > caps.report * MICRO:
        return Yearly(0, text(0))
    reports = min(caps.pair, caps.owner_group, caps.model) * MICRO // needed
    return Yearly(reports, text(reports * needed))


def random_bytes(needed: int) -> str:
    """Say in words how much an amount of microbits is."""
    count = (needed + _BITS_PER_BYTE * MICRO // 2) // (_BITS_PER_BYTE * MICRO)
    if count == 0:
        return "less than 1 random byte"
    return "about 1 random byte" if count == 1 else f"about {count} random bytes"


def _line(cell: Cell) -> CellBits:
    number = levels(cell)
    return CellBits(cell.id, number, text(microbits(number)), cell.unit, recommended_unit(cell.n))


def _words(count: int, needed: int, yearly: Yearly, caps: Caps) -> tuple[str, ...]:
    shapes = f"{count:,}" if count < MICRO else f"2^{text(needed)}"
    known = f"at most {text(needed)} bits about what the model wrote: {random_bytes(needed)}"
    shares = f"{caps.pair} bits reach this auditor, {caps.owner_group} those with the same owner"
    everybody = f"{caps.model} everybody: {-(-caps.model // _BITS_PER_BYTE)} bytes"
    return (
        f"A report is one of {shapes} that this protocol allows.",
        f"Whatever the suite does, it tells {known}.",
        f"In any 365 days it can be had at most {yearly.reports} times: {yearly.bits} bits.",
        f"Over all reports in 365 days at most {shares}, and {everybody}.",
    )
