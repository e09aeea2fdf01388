"""Admission: what a protocol must satisfy before anyone signs it.

Nothing has run yet, so messages may be detailed. All problems are found at once; each names
the field, the rule, and the nearest setting that would pass.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isqrt

from harness.disclosure import privacy
from harness.disclosure.accountant import Caps
from harness.disclosure.bits import MICRO, Policy, Release, microbits, report_alphabet, text
from harness.disclosure.cells import Cell, about_other_run
from harness.disclosure.errors import NotAdmitted, Problem
from harness.disclosure.metrics import Plan, group_size

LEAST_SAMPLES = 20
LEAST_UNIT = 5
GROUP_UNITS = 4
MOST_DIMENSIONS = 2
MOST_LABELS = 20
MOST_CATEGORIES = 8
WIDEST_SCORE = 100
LEAST_VERSION_DIFFERENCE = 20

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_CELL_ID = re.compile(rf"{_NAME.pattern}(\.{_NAME.pattern})?")


def admit(cells: Sequence[Cell], plan: Plan, policy: Policy, caps: Caps) -> None:
    """Pass when a protocol may be signed as far as disclosure goes.

    Raises `NotAdmitted` with every problem.
    """
    found = problems(cells, plan, policy, caps)
    if found:
        raise NotAdmitted(found)


def problems(cells: Sequence[Cell], plan: Plan, policy: Policy, caps: Caps) -> tuple[Problem, ...]:
    """Every broken admission rule, in the order a reader meets the fields."""
    return tuple(
        problem
        for found in (
            _samples(plan),
            _groups(plan),
            _fields(plan),
            _cells(cells, plan),
            _noise(cells, policy),
            _bits(cells, policy, caps),
            _privacy(cells, policy),
        )
        for problem in found
    )


def version_problems(
    samples: Collection[str], earlier: Mapping[str, Collection[str]]
) -> tuple[Problem, ...]:
    """Versions of a suite that differ by too few samples, which would single samples out.

    `samples` are fingerprints of this version's samples, `earlier` those of every version that
    this auditor has run on this model, by version name.
    """
    found = []
    for version, before in earlier.items():
        differing = len(set(samples) ^ set(before))
        if 0 < differing < LEAST_VERSION_DIFFERENCE:
            message = (
                f"differs from version {version} in {_count(differing, 'sample')}; "
                f"versions differ in none or in at least {LEAST_VERSION_DIFFERENCE}"
            )
            found.append(Problem("samples", "version_difference", message))
    return tuple(found)


def least_size(unit: int) -> int:
    """Return the fewest samples of a group whose unit is `unit`: max(20, 4 m)."""
    return max(LEAST_SAMPLES, GROUP_UNITS * unit)


def recommended_unit(n: int) -> int:
    """Return max(5, ceil(sqrt(n)/2)) for m.

    For shares near one half, rounding then adds about 4 % to a standard error.
    """
    return max(LEAST_UNIT, (isqrt(n - 1) if n > 0 else 0) // 2 + 1)


def _samples(plan: Plan) -> Iterator[Problem]:
    n = len(plan.samples)
    if n < LEAST_SAMPLES:
        message = f"the suite has {_count(n, 'sample')}; the least is {LEAST_SAMPLES}"
        yield Problem("samples", "sample_count", message)


def _groups(plan: Plan) -> Iterator[Problem]:
    labels: dict[str, dict[str, None]] = {}
    for groups in plan.samples:
        for dimension, label in groups.items():
            labels.setdefault(dimension, {})[label] = None
    if len(labels) > MOST_DIMENSIONS:
        message = f"{len(labels)} dimensions of groups; the most is {MOST_DIMENSIONS}"
        yield Problem("groups", "dimension_count", message)
    for position, (dimension, used) in enumerate(labels.items()):
        field = _field("groups", position, dimension)
        yield from _names(field, [dimension])
        yield from _names(f"{field}.label", used)
        if len(used) > MOST_LABELS:
            message = f"{len(used)} labels; the most is {MOST_LABELS}"
            yield Problem(field, "label_count", message)


def _fields(plan: Plan) -> Iterator[Problem]:
    yield from _repeated("metrics", "a metric", (field.metric for field in plan.fields))
    for position, field in enumerate(plan.fields):
        path = _field("metrics", position, field.metric)
        yield from _names(path, [field.metric])
        width = field.hi - field.lo
        if width > WIDEST_SCORE:
            message = (
                f"scores span {width}; the most is {WIDEST_SCORE}, "
                f"for example hi = {field.lo + WIDEST_SCORE}"
            )
            yield Problem(f"{path}.score", "score_range", message)
        if width < 1:
            message = f"hi must lie above lo, for example hi = {field.lo + 1}"
            yield Problem(f"{path}.score", "score_range", message)


def _cells(cells: Sequence[Cell], plan: Plan) -> Iterator[Problem]:
    if not cells:
        yield Problem("aggregates", "cell_count", "no aggregate is declared; the least is 1")
    yield from _repeated("aggregates", "an aggregate", (cell.id for cell in cells))
    bounds = {field.metric: (field.lo, field.hi) for field in plan.fields}
    for position, cell in enumerate(cells):
        path = _field("aggregates", position, cell.id, _CELL_ID)
        yield from _names(path, [cell.id], _CELL_ID)
        yield from _names(f"{path}.labels", cell.labels)
        if len(cell.labels) > MOST_CATEGORIES:
            message = f"{len(cell.labels)} categories; the most is {MOST_CATEGORIES}"
            yield Problem(f"{path}.labels", "category_count", message)
        if bounds.get(cell.metric) != (cell.lo, cell.hi):
            message = "no metric of the suite has this name and this range of scores"
            yield Problem(f"{path}.metric", "metric_unknown", message)
        yield from _exposure(path, cell, bounds)
        yield from _attempts(path, cell, plan)
        yield from _size(path, cell, plan)


def _exposure(path: str, cell: Cell, bounds: Mapping[str, tuple[int, int]]) -> Iterator[Problem]:
    if cell.exposure is None or cell.exposure.metric is None:
        return
    if bounds.get(cell.exposure.metric) != (0, cell.exposure.hi):
        message = "no metric of the suite has this name and scores from 0 to this hi"
        yield Problem(f"{path}.exposure", "metric_unknown", message)
    elif cell.exposure.metric == cell.metric:
        message = "a score per itself is always 1; name another metric"
        yield Problem(f"{path}.exposure", "exposure", message)


def _attempts(path: str, cell: Cell, plan: Plan) -> Iterator[Problem]:
    tries = cell.hi * plan.epochs
    if cell.attempts > tries:
        message = (
            f"k is {cell.attempts}, and each sample has {_count(tries, 'attempt')}; the most is "
            f"{tries}, or ask each sample {-(-cell.attempts // cell.hi)} times"
        )
        yield Problem(f"{path}.k", "attempts", message)


def _size(path: str, cell: Cell, plan: Plan) -> Iterator[Problem]:
    actual = group_size(plan, cell.group)
    if actual != cell.n:
        message = (
            f"n is {cell.n}, the suite has {_count(actual, 'sample')} there; set n to {actual}"
        )
        yield Problem(f"{path}.n", "sample_count", message)
    if cell.unit < LEAST_UNIT:
        message = f"the unit m is {cell.unit}; the least is {LEAST_UNIT}"
        yield Problem(f"{path}.unit", "unit", message)
    least = least_size(cell.unit)
    if cell.group is not None and cell.n < least:
        name = f"group {cell.group.label}" if _NAME.fullmatch(cell.group.label) else "the group"
        message = f"{name} has {_count(cell.n, 'sample')}; the least for m = {cell.unit} is {least}"
        if cell.n >= LEAST_SAMPLES:
            message += f", and the largest m for {cell.n} is {cell.n // GROUP_UNITS}"
        yield Problem(path, "group_size", message)
    if cell.group is None and cell.unit > cell.n:
        message = (
            f"the unit m is {cell.unit}; the largest for {_count(cell.n, 'sample')} is {cell.n}"
        )
        yield Problem(f"{path}.unit", "unit", message)


def _noise(cells: Iterable[Cell], policy: Policy) -> Iterator[Problem]:
    if policy.privacy is not None and about_other_run(cells) > 1:
        message = "no noise is drawn for another run's outputs; compare without noise"
        yield Problem("compare", "noise", message)


def _bits(cells: Sequence[Cell], policy: Policy, caps: Caps) -> Iterator[Problem]:
    if policy.grid_s < 1 or policy.window_s < 0:
        message = "the grid must be at least 1 s and the window at least 0 s"
        yield Problem("disclosure.release", "release", message)
        return
    needed = microbits(report_alphabet(cells, policy))
    if needed <= caps.report * MICRO:
        return
    message = f"a report can carry {text(needed)} bits; the cap is {caps.report}; "
    unit = _passing_unit(cells, policy, caps.report)
    if unit is None:
        message += f"a cap of {-(-needed // MICRO)} would pass, or fewer groups"
    else:
        lower = microbits(report_alphabet(_coarser(cells, unit), policy))
        message += f"a unit of at least {unit} in every metric would pass ({text(lower)} bits)"
    yield Problem("disclosure.bits_cap", "bits", message)


def _privacy(cells: Sequence[Cell], policy: Policy) -> Iterator[Problem]:
    if policy.privacy is not None:
        yield from privacy.problems(
            cells,
            policy.privacy,
            shown_complete=policy.buckets,
            on_completion=policy.release is Release.ON_COMPLETION,
        )


def _passing_unit(cells: Sequence[Cell], policy: Policy, cap: int) -> int | None:
    """Least common lower bound on the units that fits the cap and leaves groups large enough.

    Bits never rise with the unit, so halving the range finds it.
    """

    def fits(unit: int) -> bool:
        return microbits(report_alphabet(_coarser(cells, unit), policy)) <= cap * MICRO

    low = LEAST_UNIT
    high = min(cell.n // GROUP_UNITS if cell.group else cell.n for cell in cells) if cells else 0
    if high < low or not fits(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return low


def _coarser(cells: Iterable[Cell], unit: int) -> tuple[Cell, ...]:
    return tuple(replace(cell, unit=max(unit, cell.unit)) for cell in cells)


def _names(path: str, names: Iterable[str], pattern: re.Pattern[str] = _NAME) -> Iterator[Problem]:
    """Bad names are pointed at by position: what cannot be a name is not worth repeating."""
    for position, name in enumerate(names):
        if not pattern.fullmatch(name):
            message = (
                f"name {position + 1}: must be lower-case letters, digits and _, "
                "begin with a letter, and have at most 32 characters"
            )
            yield Problem(path, "name", message)


def _repeated(path: str, what: str, names: Iterable[str]) -> Iterator[Problem]:
    for position, (_, times) in enumerate(Counter(names).items()):
        if times > 1:
            message = f"name {position + 1}: {times} entries have it; each may name {what} once"
            yield Problem(path, "repeated", message)


def _field(path: str, position: int, name: str, pattern: re.Pattern[str] = _NAME) -> str:
    return f"{path}.{name}" if pattern.fullmatch(name) else f"{path}[{position}]"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
