"""Differential privacy: noise on exact totals, for a claim about one record.

A record is one sample with everything the model wrote for it, in all epochs. Two runs are
neighbours when they differ in one record; which samples there are, and their groups, is public.
Each total gets discrete Laplace noise before it is rounded, P(z) in proportion to exp(-|z|/b)
(Ghosh, Roughgarden and Sundararajan, 2009), so that with eps = `epsilon` / 10^6

    one record changes a total by at most w: hi - lo, for counts of a histogram 2
    it feeds d figures                       those over all samples, one group of each dimension
    b = w d / eps                            rounded up to six decimals, in units of a score
    the levels together are eps-differentially private; rounding and clamping only take away

Totals are whole numbers of steps of 1/`fineness`, so noise of b `fineness` steps is as whole. It
holds for what scores may say, not for whether a run has FAILED. Epsilon adds up over releases;
the accountant keeps the sum. What a figure is off by when the true one lies on the grid is known
exactly, see `error`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from harness.disclosure import cells
from harness.disclosure.cells import Cell, Kind, Total
from harness.disclosure.errors import Problem, Reason, Refused

MICRO = 1_000_000
LEAST_EPSILON = 1_000
MOST_EPSILON = 10 * MICRO
# Beyond, whole numbers in floating point, which samplers take their scale in, have gaps.
_MOST_STEPS = 2**50

# Draws one whole number of discrete Laplace noise of a scale in steps.
Draw = Callable[[Fraction], int]

_CONTEXT = Context(40, ROUND_HALF_EVEN)
_STEP = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is agreed: millionths of epsilon for each record in a report, and epochs of a run."""

    epsilon: int
    epochs: int = 1


def figures_of_a_record(declared: Sequence[Cell]) -> int:
    """d: how many figures one sample feeds at most."""
    whole = 0
    groups: dict[str, dict[str, int]] = {}
    for cell in declared:
        if cell.group is None:
            whole += 1
            continue
        labels = groups.setdefault(cell.group.dimension, {})
        labels[cell.group.label] = labels.get(cell.group.label, 0) + 1
    return whole + sum(max(labels.values()) for labels in groups.values())


def scale(cell: Cell, declared: Sequence[Cell], privacy: Privacy) -> Fraction:
    """b: the scale of the noise in a cell's totals, in units of a score; six decimals at most."""
    lo, hi = cells.ends(cell)
    moved = 2 if cell.kind is Kind.HISTOGRAM else hi - lo
    exact = Fraction(moved * figures_of_a_record(declared) * MICRO, privacy.epsilon)
    return Fraction(-(-exact.numerator * MICRO // exact.denominator), MICRO)


def noised(
    declared: Sequence[Cell], totals: Sequence[Total], privacy: Privacy, draw: Draw
) -> tuple[Total, ...]:
    """Totals with noise, brought back to where n samples can lie.

    Raises `Refused` when a draw is no whole number.
    """
    return tuple(
        _noised(cell, total, scale(cell, declared, privacy), privacy, draw)
        for cell, total in zip(declared, totals, strict=True)
    )


def _noised(cell: Cell, total: Total, scale: Fraction, privacy: Privacy, draw: Draw) -> Total:
    parts = cells.fineness(cell, privacy.epochs)
    added = []
    for value in total:
        noise = draw(scale * parts)
        if type(noise) is not int:
            raise Refused(Reason.NOT_NOISED)
        added.append(value + Fraction(noise, parts))
    if cell.kind is not Kind.HISTOGRAM:
        lo, hi = cells.ends(cell)
        return tuple(
            min(max(value, Fraction(cell.n * lo)), Fraction(cell.n * hi)) for value in added
        )
    counts = [max(value, Fraction(0)) for value in added]
    whole = sum(counts)
    # Nothing left of any category says nothing about them: they are shown alike.
    shares = (
        [count / whole for count in counts] if whole else [Fraction(1, len(counts))] * len(counts)
    )
    return tuple(share * cell.n for share in shares)


def error(cell: Cell, declared: Sequence[Cell], privacy: Privacy) -> str:
    """Root mean square error of a shown figure by noise and rounding, to four decimals.

    For a sum: of a true one on the grid; less near the ends, where what is beyond is clamped.
    With q = exp(-1/b'), b' and a level's M in steps, r = q^M and K the levels by which it is off,

        E K^2 = (q^ceil(M/2) + q^(floor(M/2) + 1)) / (1 + q) * (1 + r) / (1 - r)^2

    For a share of a histogram: of the noise alone, before categories are brought to one sum.
    """
    c = _CONTEXT
    parts = cells.fineness(cell, privacy.epochs)
    steps = scale(cell, declared, privacy) * parts
    if cell.kind is Kind.HISTOGRAM:
        return _rounded(c.divide(c.sqrt(_decimal(variance(steps))), Decimal(parts * cell.n)))
    lo, hi = cells.ends(cell)
    whole = parts * cell.unit * (hi - lo)
    tails = c.add(_power(steps, -(-whole // 2)), _power(steps, whole // 2 + 1))
    r = _power(steps, whole)
    gap = c.subtract(Decimal(1), r)
    squares = c.divide(
        c.multiply(tails, c.add(Decimal(1), r)),
        c.multiply(c.add(Decimal(1), _power(steps, 1)), c.multiply(gap, gap)),
    )
    of_a_level = cells.scale(cell) * (hi - lo) * cell.unit / cell.n
    return _rounded(c.multiply(c.sqrt(squares), _decimal(of_a_level)))


def variance(steps: Fraction) -> Fraction:
    """A bound on the noise's variance that is never below it: 2 b^2."""
    return 2 * steps * steps


def problems(
    declared: Sequence[Cell], privacy: Privacy, *, shown_complete: bool, on_completion: bool
) -> Iterator[Problem]:
    """What noise on the totals could not be sound for, with the nearest setting that passes."""
    field = "disclosure.differential_privacy"
    if not LEAST_EPSILON <= privacy.epsilon <= MOST_EPSILON:
        yield Problem(f"{field}.epsilon_per_record", "epsilon", "from 0.001 to 10")
        return
    if shown_complete:
        message = "how many samples were answered gets no noise: `hidden` would pass"
        yield Problem("disclosure.completeness", "privacy", message)
    if on_completion:
        message = "the moment at which a run ends gets no noise: `fixed` would pass"
        yield Problem("disclosure.release.mode", "privacy", message)
    for position, cell in enumerate(declared):
        path = f"analysis.metrics[{position}]"
        if cell.two_levels:
            message = (
                "a ratio of two scores with noise has no error that could be stated: a rate per "
                "a stated number, or two counts, would pass"
            )
            yield Problem(path, "privacy", message)
        elif scale(cell, declared, privacy) * cells.fineness(cell, privacy.epochs) > _MOST_STEPS:
            message = "its chances are too fine for noise: a smaller k or fewer epochs would pass"
            yield Problem(path, "privacy", message)


def place_problems(phases: str, scorer_mode: str) -> Iterator[Problem]:
    """Where one record could move other records' scores, no noise on a total covers it."""
    if phases != "separate":
        message = "noise speaks for one record, and outputs are scored while others are asked for"
        yield Problem("harness.phases", "privacy", f"{message}: `separate` would pass")
    if scorer_mode not in ("declarative", "isolated"):
        message = "noise speaks for one record, and the suite's program sees all outputs"
        yield Problem(
            "harness.scorer_mode", "privacy", f"{message}: `declarative` or `isolated` would pass"
        )


def output_microbits(privacy: Privacy, shown: int, failures: int) -> int:
    """Most that a report tells about one output: log2(e^eps S + F), in microbits, rounded up.

    An eps-private choice has a maximal leakage of eps log2 e at most (Issa, Wagner and Kamath,
    arXiv 1807.07878); S are the other things shown, F the ways to fail.
    """
    c = _CONTEXT
    grown = c.exp(_decimal(Fraction(privacy.epsilon, MICRO)))
    count = c.add(c.multiply(grown, Decimal(shown)), Decimal(failures))
    found = c.multiply(c.divide(c.ln(count), c.ln(Decimal(2))), Decimal(MICRO))
    # Far above the rounding of 40 digits.
    return int(c.add(found, Decimal("1e-20")).to_integral_value(rounding=ROUND_CEILING))


def words(declared: Sequence[Cell], privacy: Privacy) -> tuple[str, ...]:
    """Say in sentences what noise is added and what it does to the figures."""
    fed = figures_of_a_record(declared)
    split = f", split over the {fed} figures that it feeds" if fed > 1 else ""
    each = "; ".join(
        f"{cell.id} {text(scale(cell, declared, privacy))} and {error(cell, declared, privacy)}"
        for cell in declared
    )
    epsilon = micro_text(privacy.epsilon)
    whose = f"epsilon {epsilon} for what is scored of one sample{split}"
    measures = "Scale of the noise in a total, and root mean square error by noise and rounding"
    return (
        f"Every total gets discrete Laplace noise before it is rounded: {whose}.",
        f"{measures}: {each}.",
        "Whether a run failed gets no noise.",
        "No interval is printed: one of the levels alone would leave the noise out.",
    )


def amount(text: str) -> int:
    """Millionths of a decimal with at most six decimals. Raises ValueError for any other text."""
    found = Fraction(text) * MICRO
    if found.denominator != 1:
        raise ValueError("more than six decimals")
    return found.numerator


def micro_text(millionths: int) -> str:
    """Write millionths as a decimal without zeros at its end."""
    whole, rest = divmod(millionths, MICRO)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def text(value: Fraction) -> str:
    """Write a number that has at most six decimals."""
    return micro_text(int(value * MICRO))


def _power(steps: Fraction, times: int) -> Decimal:
    """q^times, q = exp(-1/steps)."""
    return _CONTEXT.exp(_decimal(-times / steps))


def _decimal(value: Fraction) -> Decimal:
    return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))


def _rounded(value: Decimal) -> str:
    return str(value.quantize(_STEP, rounding=ROUND_HALF_EVEN, context=_CONTEXT))
