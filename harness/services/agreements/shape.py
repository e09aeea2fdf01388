"""The shape of a report under a protocol: its cells, policy and caps as the gate reads them.

And what keeps a suite from such a shape. Nothing here needs a database.
"""

from collections.abc import Mapping, Sequence

from evals.manifest import Manifest, Metric
from harness.disclosure import bits, cells, metrics, privacy, rules
from harness.disclosure.accountant import Caps
from harness.disclosure.bits import Policy, Release
from harness.disclosure.cells import Cell, Exposure, Kind
from harness.disclosure.privacy import Privacy
from harness.documents.protocol import Protocol
from harness.documents.protocol_run import MOST_EPOCHS


def cells_of(manifest: Manifest) -> tuple[Cell, ...]:
    """Every cell that a suite's aggregates declare, in the manifest's order."""
    metrics = {metric.id: metric for metric in manifest.metrics}
    groups: Sequence[Mapping[str, str]] = [sample.groups for sample in manifest.samples]
    found: list[Cell] = []
    for aggregate in manifest.aggregates:
        metric = metrics[aggregate.metric]
        kind = Kind(aggregate.kind)
        template = Cell(
            id=aggregate.id,
            metric=metric.id,
            kind=kind,
            lo=metric.lo,
            hi=metric.hi,
            labels=metric.labels if kind is Kind.HISTOGRAM else (),
            unit=aggregate.unit,
            n=len(manifest.samples),
            attempts=aggregate.attempts,
            exposure=_exposure(aggregate.exposure, metrics),
            percentiles=aggregate.percentiles,
        )
        found += cells.expand(template, aggregate.groups, groups)
    return tuple(found)


def _exposure(declared: str | int | None, metrics: Mapping[str, Metric]) -> Exposure | None:
    if isinstance(declared, str):
        return Exposure(declared, metrics[declared].hi)
    return None if declared is None else Exposure(None, declared)


def declared_cells(protocol: Protocol) -> tuple[Cell, ...]:
    """The cells that the protocol's `analysis.metrics` declare."""
    return tuple(cells.from_entry(metric.model_dump()) for metric in protocol.analysis.metrics)


def policy_of(protocol: Protocol) -> Policy:
    """What the protocol lets a report say besides its metrics."""
    disclosure, budget = protocol.disclosure, protocol.budget
    return Policy(
        release=Release(disclosure.release.mode),
        # From the logged run-start: a late start counts, another run may have caused it.
        window_s=budget.start_within_s + budget.run_wall_clock_s,
        grid_s=disclosure.release.grid_s,
        buckets=disclosure.completeness == "buckets",
        identity_verdict=disclosure.identity_verdict,
        deviations=tuple(disclosure.deviations),
        privacy=privacy_of(protocol),
    )


def privacy_of(protocol: Protocol) -> Privacy | None:
    """The noise that the parties agree on, if any."""
    if protocol.disclosure.differential_privacy is None:
        return None
    return Privacy(microepsilon_of(protocol), protocol.harness.epochs)


def microepsilon_of(protocol: Protocol) -> int:
    """Millionths of epsilon that one report spends for each record; 0 without noise."""
    agreed = protocol.disclosure.differential_privacy
    return 0 if agreed is None else privacy.amount(agreed.epsilon_per_record)


def privacy_entry(
    declared: Sequence[Cell], agreed: Privacy | None, cap: int
) -> dict[str, object] | None:
    """`disclosure.differential_privacy` of a protocol; `cap` in millionths of epsilon."""
    if agreed is None:
        return None
    return {
        "epsilon_per_record": privacy.micro_text(agreed.epsilon),
        "epsilon_cap": privacy.micro_text(cap),
        "figures": [
            {
                "id": cell.id,
                "scale": privacy.text(privacy.scale(cell, declared, agreed)),
                "error": privacy.error(cell, declared, agreed),
            }
            for cell in declared
        ],
    }


def meeting(protocol: Protocol) -> str:
    """Where one output could reach another's score, empty where it cannot.

    Our runner asks what the suite's rows say, whatever was answered before, and our scorers see
    one output at a time. A budget or a deadline that outputs use up ends the whole run FAILED.
    """
    if protocol.harness.phases == "joined":
        return "outputs are scored while others are still asked for"
    if protocol.harness.scorer_mode != "declarative":
        return "the suite's own program can tell how long other outputs took"
    return ""


def caps_of(protocol: Protocol) -> Caps:
    """The caps in bits that the vendor signs."""
    ledger, noise = protocol.disclosure.ledger, protocol.disclosure.differential_privacy
    return Caps(
        report=protocol.disclosure.bits_cap,
        pair=ledger.pair,
        owner_group=ledger.owner_group,
        model=ledger.model,
        microepsilon=None if noise is None else privacy.amount(noise.epsilon_cap),
    )


def alphabet_of(protocol: Protocol) -> int:
    """How many different reports the protocol allows."""
    return bits.report_alphabet(declared_cells(protocol), policy_of(protocol))


def plan_of(parsed: Manifest, epochs: int) -> metrics.Plan:
    """What rows a run of this suite owes."""
    return metrics.Plan(
        fields=tuple(metrics.Field(item.id, item.lo, item.hi) for item in parsed.metrics),
        samples=tuple(sample.groups for sample in parsed.samples),
        epochs=epochs,
    )


def suite_problems(parsed: Manifest) -> list[str]:
    """What would keep any protocol over this suite from being admitted, bits caps aside."""
    any_bits = Caps(report=1 << 30)
    return rule_problems(cells_of(parsed), parsed, MOST_EPOCHS, Policy(), any_bits)


def rule_problems(
    declared: Sequence[Cell], parsed: Manifest, epochs: int, policy: Policy, caps: Caps
) -> list[str]:
    """Every admission rule that these cells break, with the nearest setting that would pass."""
    found = [*rules.problems(declared, plan_of(parsed, epochs), policy, caps)]
    if policy.privacy is not None:
        found += privacy.place_problems(parsed.phases, parsed.scorer_mode)
    return [f"{problem.field}: {problem.message}" for problem in found]
