"""The bound: how many different reports a protocol allows, and its logarithm in bits.

    bits(report) = log2( T (L_1 ... L_k Q V D + F) )

with L_k levels of metric k, Q completeness buckets, V identity verdicts, D combinations of
listed deviations, F failure symbols and T release slots. Maximal leakage (Issa, Wagner and
Kamath, arXiv 1807.07878) is at most the logarithm of the number of outputs, whatever the suite
does, and adds up over runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from math import prod

from harness.disclosure.cells import Cell, levels
from harness.disclosure.errors import DisclosureError
from harness.disclosure.privacy import Privacy

MICRO = 1_000_000
# After the first output there is one symbol for every way to fail: FAILED.
FAILURES = 1
# "≥ 99 %" and "95-99 %"; below that a run has FAILED.
BUCKETS = 2
# consistent, differs, untested.
IDENTITY_VERDICTS = 3


class Release(StrEnum):
    """When a report leaves: at one slot fixed at launch, or at the first one after the end."""

    FIXED = "fixed"
    ON_COMPLETION = "on_completion"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a protocol lets a report say besides its metrics.

    `window_s` is the longest time in seconds from the logged run-start to the run's end: a late
    start counts, because another run may have caused it. `deviations` is the closed list of
    deviations a report may name; `buckets` says whether completeness is shown; `privacy` is
    the noise that totals get, if any.
    """

    release: Release = Release.FIXED
    window_s: int = 0
    grid_s: int = 1
    buckets: bool = False
    identity_verdict: bool = False
    deviations: tuple[str, ...] = ()
    privacy: Privacy | None = None


def slots(release: Release, window_s: int, grid_s: int) -> int:
    """T, the release slots a run may end in.

    On completion the slot is the first point of a clock grid at or after the end. A closed
    interval of w seconds, wherever it lies on a grid of g, has ends in at most ceil(w/g) + 1
    such slots. Raises `DisclosureError` for a grid below a second or a negative window.
    """
    if grid_s < 1 or window_s < 0:
        raise DisclosureError("release: the grid must be at least 1 s, the window at least 0 s")
    if release is Release.FIXED:
        return 1
    return -(-window_s // grid_s) + 1


def alphabet(
    cells: Iterable[Cell],
    *,
    slots: int,
    completeness: int,
    identity: int,
    deviations: int,
    failures: int = FAILURES,
) -> int:
    """Return the number of different reports: T (L_1 ... L_k Q V D + F), an exact integer."""
    if min(slots, completeness, identity, deviations, failures) < 1:
        raise DisclosureError("alphabet: every factor must be at least 1")
    reports = prod(levels(cell) for cell in cells) * completeness * identity * deviations
    return slots * (reports + failures)


def report_alphabet(cells: Iterable[Cell], policy: Policy) -> int:
    """Return the number of different reports under a protocol's disclosure policy."""
    return alphabet(cells, **factors(policy))


def factors(policy: Policy) -> dict[str, int]:
    """Return T, Q, V and D of a policy, as `alphabet` names them."""
    return {
        "slots": slots(policy.release, policy.window_s, policy.grid_s),
        "completeness": BUCKETS if policy.buckets else 1,
        "identity": IDENTITY_VERDICTS if policy.identity_verdict else 1,
        "deviations": 2 ** len(policy.deviations),
    }


def microbits(alphabet: int) -> int:
    """Return ceil(10^6 log2(alphabet)), exactly, so that sums of charges never fall short.

    Why decimals are safe here: a power of two is exact in integers. Otherwise log2 is
    irrational (log2 A = p/q means A^q = 2^p), so 10^6 log2 A is never an integer and its
    ceiling is known as soon as an error interval around it holds none. The two logarithms, the
    quotient and the product are each rounded by at most one unit in the last of `digits`
    places, together less than 10^(3 - digits) of the value; while that interval does hold an
    integer, the digits are doubled.
    """
    if type(alphabet) is not int or alphabet < 1:
        raise DisclosureError("alphabet: must be an integer of at least 1")
    if alphabet & (alphabet - 1) == 0:
        return (alphabet.bit_length() - 1) * MICRO
    digits = 60
    while True:
        context = Context(digits, ROUND_HALF_EVEN, Emin=MIN_EMIN, Emax=MAX_EMAX)
        ratio = context.divide(context.ln(Decimal(alphabet)), context.ln(Decimal(2)))
        value = context.multiply(ratio, Decimal(MICRO))
        slack = context.scaleb(value, 3 - digits)
        least = _ceiling(context.subtract(value, slack))
        if least == _ceiling(context.add(value, slack)):
            return least
        digits *= 2


def _ceiling(value: Decimal) -> int:
    return int(value.to_integral_value(rounding=ROUND_CEILING))


def text(microbits: int) -> str:
    """Write microbits as bits with three decimals, half to even: 8055283 is "8.055"."""
    thousandths, rest = divmod(microbits, 1000)
    half = 500
    if rest > half or (rest == half and thousandths % 2):
        thousandths += 1
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"
