"""What everyone sees before signing: the exact report shape, bits, cost and precision."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from harness.disclosure import bits
from harness.disclosure import preview as example
from harness.disclosure.cells import Cell, levels
from harness.disclosure.preview import Preview, Spending
from harness.documents import canonical
from harness.documents.protocol import Protocol
from harness.services.agreements import shape


def of(protocol: Protocol) -> Preview:
    """The preview of a protocol, computed from its own fields."""
    budget = protocol.budget
    return example.preview(
        shape.declared_cells(protocol),
        shape.policy_of(protocol),
        shape.caps_of(protocol),
        Spending(
            tokens_in=budget.tokens_in,
            tokens_out=budget.tokens_out,
            cost_microusd=budget.cost_microusd,
            in_microusd_per_mtok=budget.price.in_microusd_per_mtok,
            out_microusd_per_mtok=budget.price.out_microusd_per_mtok,
            runs=budget.runs,
        ),
        protocol.harness.epochs,
        meeting=shape.meeting(protocol),
    )


@dataclass(frozen=True, slots=True)
class Factor:
    """One part of T x (L x Q x V x D + F), the number of different reports: how many, of what.

    `bits` is what it would carry by itself.
    """

    symbol: str
    count: int
    bits: str
    words: str


def factors(protocol: Protocol) -> tuple[Factor, ...]:
    """What the number of different reports is made of, in the order of the formula."""
    policy = shape.policy_of(protocol)
    counts = bits.factors(policy)
    if policy.release is bits.Release.FIXED:
        when = "moment at which it appears: fixed at launch"
    else:
        when = f"moments at which it may appear, {policy.grid_s} s apart"
    complete = "class: how complete a run was is not shown"
    if policy.buckets:
        complete = "classes of how complete a run was"
    identity = "verdict: the model's identity is not judged"
    if policy.identity_verdict:
        identity = "verdicts on the model's identity"
    deviations = "combination: it names no deviation"
    if policy.deviations:
        deviations = "combinations of deviations that it may name"
    shapes = prod(levels(cell) for cell in shape.declared_cells(protocol))
    parts = (
        ("T", counts["slots"], when),
        ("L", shapes, "combinations of its figures, each on its grid"),
        ("Q", counts["completeness"], complete),
        ("V", counts["identity"], identity),
        ("D", counts["deviations"], deviations),
        ("F", bits.FAILURES, "way to say that a run failed"),
    )
    return tuple(
        Factor(symbol, count, bits.text(bits.microbits(count)), words)
        for symbol, count, words in parts
    )


def example_digest(cells: Sequence[Cell], epochs: int, *, noised: bool) -> str:
    """Digest of the example report's metrics: what the parties saw is what they signed."""
    metrics = list(example.example(cells, epochs, noised=noised))
    return canonical.digest(canonical.dumps(metrics))
