"""The release gate: the only place where totals become something that may leave.

It fails closed. Whatever goes wrong, and whatever the totals are, the outcome is either levels
on the declared grids or `Refused` with one constant of a closed vocabulary. It never spends
bits; it refuses when the alphabet is not the one that was charged with the reservation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from harness.disclosure import privacy
from harness.disclosure.bits import Policy, report_alphabet
from harness.disclosure.cells import Cell, Levels, Total, admits, round_total
from harness.disclosure.errors import Reason, Refused
from harness.disclosure.metrics import Plan, Row, aggregate
from harness.disclosure.privacy import Draw, Privacy

# Completeness buckets as a report prints them, best first; below the last a run has FAILED.
COMPLETENESS = ("≥ 99 %", "95–99 %")  # noqa: RUF001 - a dash between numbers
_BUCKET_PERCENT = (99, 95)


@dataclass(frozen=True, slots=True)
class Findings:
    """What the trusted side found besides scores.

    `failed` counts the samples that took the worst score because the model did not answer;
    `deviations` names those from the protocol's closed list that a program found.
    """

    failed: int = 0
    deviations: tuple[str, ...] = ()


_NOTHING = Findings()
_NONE: Mapping[str, Fraction] = {}


@dataclass(frozen=True, slots=True)
class Released:
    """What may leave, in the protocol's order: levels per cell, the bucket, deviations."""

    cells: tuple[Cell, ...]
    levels: tuple[Levels, ...]
    completeness: str | None
    deviations: tuple[str, ...]


def release_rows(
    rows: Iterable[Row],
    plan: Plan,
    cells: Sequence[Cell],
    policy: Policy,
    *,
    charged: int,
    findings: Findings = _NOTHING,
    draw: Draw | None = None,
    other: Mapping[str, Fraction] = _NONE,
) -> Released:
    """Aggregate a run's rows and release them; see `release`, and for `other` `aggregate`.

    `draw` gives the noise of a protocol that has agreed on some; without it that is refused.
    Raises only `Refused`. Nothing of the rows survives in it, not even as a cause.
    """
    try:
        totals = aggregate(rows, plan, cells, other)
        if policy.privacy is not None:
            totals = _noised(cells, totals, plan, policy.privacy, draw)
        samples = len(plan.samples)
        return _release(
            cells,
            totals,
            policy,
            charged=charged,
            samples=samples,
            findings=findings,
            noised=policy.privacy is not None,
        )
    except Refused as refusal:
        reason = refusal.reason
    except Exception:  # noqa: BLE001 - fails closed: an unforeseen fault must not speak either
        reason = Reason.INTERNAL
    raise Refused(reason)


def release(
    cells: Sequence[Cell],
    totals: Sequence[Total],
    policy: Policy,
    *,
    charged: int,
    samples: int,
    findings: Findings = _NOTHING,
) -> Released:
    """Round exact totals to the levels that may leave.

    `totals` are in the order of `cells`; `charged` is the alphabet paid for when the slot was
    reserved; `samples` is the number of samples of the run. Raises only `Refused`, also where
    noise is agreed, which only `release_rows` adds.
    """
    try:
        return _release(cells, totals, policy, charged=charged, samples=samples, findings=findings)
    except Refused as refusal:
        reason = refusal.reason
    except Exception:  # noqa: BLE001 - fails closed: an unforeseen fault must not speak either
        reason = Reason.INTERNAL
    raise Refused(reason)


def _release(
    cells: Sequence[Cell],
    totals: Sequence[Total],
    policy: Policy,
    *,
    charged: int,
    samples: int,
    findings: Findings,
    noised: bool = False,
) -> Released:
    if (policy.privacy is not None) != noised:
        raise Refused(Reason.NOT_NOISED)
    if not cells or len(totals) != len(cells) or len({cell.id for cell in cells}) != len(cells):
        raise Refused(Reason.CELLS_DIFFER)
    if type(charged) is not int or report_alphabet(cells, policy) != charged:
        raise Refused(Reason.NOT_CHARGED)
    completeness = _bucket(samples, findings.failed) if policy.buckets else None
    if not set(findings.deviations) <= set(policy.deviations):
        raise Refused(Reason.DEVIATION)
    deviations = tuple(name for name in policy.deviations if name in findings.deviations)
    found = tuple(round_total(cell, total) for cell, total in zip(cells, totals, strict=True))
    if not all(admits(cell, value) for cell, value in zip(cells, found, strict=True)):
        raise Refused(Reason.INTERNAL)
    return Released(tuple(cells), found, completeness, deviations)


def _noised(
    cells: Sequence[Cell],
    totals: tuple[Total, ...],
    plan: Plan,
    agreed: Privacy,
    draw: Draw | None,
) -> tuple[Total, ...]:
    if draw is None or agreed.epochs != plan.epochs:
        raise Refused(Reason.NOT_NOISED)
    return privacy.noised(cells, totals, agreed, draw)


def _bucket(samples: int, failed: int) -> str:
    if type(samples) is not int or type(failed) is not int or not 0 <= failed <= samples:
        raise Refused(Reason.INCOMPLETE)
    for name, percent in zip(COMPLETENESS, _BUCKET_PERCENT, strict=True):
        if 100 * (samples - failed) >= percent * samples:
            return name
    raise Refused(Reason.INCOMPLETE)
