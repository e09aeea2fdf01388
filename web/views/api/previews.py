"""What an agreement's reports can say, as the API tells it to those who are about to sign."""

from typing import Any

from pydantic import BaseModel

from harness.documents.protocol import Protocol
from harness.services.agreements import preview


class CellBits(BaseModel):
    """One metric: how many levels it has, and what they carry. Numbers may be very long."""

    id: str
    levels: str
    bits: str
    unit: int
    recommended_unit: int


class Yearly(BaseModel):
    """The worst case under the caps: reports of this shape in 365 days, and what they carry."""

    reports: int
    bits: str


class Precision(BaseModel):
    """By how many percent rounding widens a standard error, and what a run can detect."""

    id: str
    rounding_percent: str
    detectable: str


class Factor(BaseModel):
    """One part of T x (L x Q x V x D + F), the number of different reports."""

    symbol: str
    count: str
    bits: str
    words: str


class Preview(BaseModel):
    """Everything to weigh before signing. Costs are millionths of a US dollar.

    `metrics` are entries of a report with invented levels, `alphabet` counts possible reports.
    """

    metrics: list[dict[str, Any]]
    table: list[CellBits]
    alphabet: str
    bits: str
    factors: list[Factor]
    yearly: Yearly
    cost_per_run: int
    cost_total: int
    precision: list[Precision]
    words: list[str]


def preview_of(protocol: Protocol) -> Preview:
    """The preview of an agreement, from its own fields."""
    seen = preview.of(protocol)
    return Preview(
        metrics=list(seen.metrics),
        table=[
            CellBits(
                id=line.id,
                levels=str(line.levels),
                bits=line.bits,
                unit=line.unit,
                recommended_unit=line.recommended_unit,
            )
            for line in seen.table
        ],
        alphabet=str(seen.alphabet),
        bits=seen.bits,
        factors=[
            Factor(symbol=item.symbol, count=str(item.count), bits=item.bits, words=item.words)
            for item in preview.factors(protocol)
        ],
        yearly=Yearly(reports=seen.yearly.reports, bits=seen.yearly.bits),
        cost_per_run=seen.cost_per_run,
        cost_total=seen.cost_total,
        precision=[Precision.model_validate(p, from_attributes=True) for p in seen.precision],
        words=list(seen.words),
    )
