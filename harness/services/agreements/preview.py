"""What everyone sees before signing: the exact report shape, bits, cost and precision."""

from collections.abc import Sequence

from harness.disclosure import preview as example
from harness.disclosure.cells import Cell
from harness.disclosure.figures import figure
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


def example_digest(cells: Sequence[Cell]) -> str:
    """Digest of the example report's metrics: what the parties saw is what they signed."""
    metrics = [figure(cell, example.invented(cell, i)) for i, cell in enumerate(cells)]
    return canonical.digest(canonical.dumps(metrics))
