"""The parts of a report; `report` adds the rules between them."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from harness.documents.fields import (
    Alphabet,
    Bits,
    CellId,
    Count,
    Decimal,
    Digest,
    Instant,
    Integer,
    Line,
    Name,
    Names,
    Part,
    Positive,
    RunId,
    Text,
    doc,
)
from harness.documents.predicates import Attempt
from harness.documents.protocol_release import DifferentialPrivacy, Group, field_of


class Run(Part):
    """Which run this is, among all of its protocol: none is left out."""

    id: Annotated[RunId, doc("Id of the run")]
    ordinal: Annotated[Positive, doc("Number of its slot, from 1")]
    of: Annotated[Positive, doc("Agreed maximum of unrefunded runs", unit="runs")]
    attempt_line: Annotated[
        tuple[Attempt, ...],
        doc("Every slot reserved so far, in order", min_length=1, max_length=10_000),
    ]


class Model(Part):
    """The model the run called."""

    vendor: Annotated[Line, doc("Organisation that serves it")]
    model: Annotated[Line, doc("Its public name")]
    snapshot: Annotated[Line, doc("Its version")]


class Claim(Part):
    """What the protocol set out to show, and whether the figures show it."""

    sentence: Annotated[Line, doc("The claim, from the protocol")]
    verdict: Annotated[
        Literal["met", "not met", "inconclusive", "none"],
        doc("By the protocol's decision rule; none without a rule"),
    ]


class Interval(Part):
    """Where the figure of a larger population may lie, computed from the level alone."""

    low: Annotated[Decimal, doc("Lower end", unit="the metric's")]
    high: Annotated[Decimal, doc("Upper end", unit="the metric's")]
    method: Annotated[Literal["wilson", "range"], doc("How it was computed")]
    confidence: Annotated[Literal["0.95"], doc("How often such intervals hold the truth")]


class SumFigure(Part):
    """A figure of one sum: all but histograms and rates of two scores."""

    id: Annotated[CellId, doc("Name of the figure in the protocol")]
    kind: Annotated[
        Literal[
            "proportion", "bounded_mean", "bounded_count", "pass_at_k", "rate", "second_moment"
        ],
        doc("How scores became a figure"),
    ]
    group: Annotated[Group | None, doc("Group that it counts; null for all samples")]
    n: Annotated[Positive, doc("Samples that it counts", unit="samples")]
    unit: Annotated[Positive, doc("Step of the grid", unit="samples")]
    level: Annotated[Count, doc("Released level on the grid", unit="steps")]
    shown: Annotated[Decimal, doc("The figure that the level stands for", unit="the metric's")]
    interval: Annotated[Interval | None, doc("Uncertainty; null when none is computed")]


class PairedFigure(Part):
    """What this run's scores exceed those of another model's run by."""

    id: Annotated[CellId, doc("Name of the figure in the protocol")]
    kind: Annotated[Literal["paired_difference"], doc("How scores became a figure")]
    group: Annotated[Group | None, doc("Group that it counts; null for all samples")]
    n: Annotated[Positive, doc("Samples that it counts", unit="samples")]
    unit: Annotated[Positive, doc("Step of the grid", unit="samples")]
    level: Annotated[
        Integer, doc("Released level on the grid, below 0 where this run is lower", unit="steps")
    ]
    shown: Annotated[Decimal, doc("The figure that the level stands for", unit="the metric's")]
    interval: Annotated[None, doc("None is computed for differences")]


class RatioFigure(Part):
    """A rate of two scores."""

    id: Annotated[CellId, doc("Name of the figure in the protocol")]
    kind: Annotated[Literal["rate"], doc("How scores became a figure")]
    group: Annotated[Group | None, doc("Group that it counts; null for all samples")]
    n: Annotated[Positive, doc("Samples that it counts", unit="samples")]
    unit: Annotated[Positive, doc("Step of the grid", unit="samples")]
    levels: Annotated[
        tuple[Count, Count], doc("Released levels of count and exposure", unit="steps")
    ]
    shown: Annotated[
        Decimal | None, doc("Count per exposure; null where the exposure's level is 0")
    ]
    interval: Annotated[None, doc("None is computed for ratios")]


class HistogramFigure(Part):
    """A histogram."""

    id: Annotated[CellId, doc("Name of the figure in the protocol")]
    kind: Annotated[Literal["histogram"], doc("How scores became a figure")]
    group: Annotated[Group | None, doc("Group that it counts; null for all samples")]
    n: Annotated[Positive, doc("Samples that it counts", unit="samples")]
    unit: Annotated[Positive, doc("Step of the grid", unit="samples")]
    levels: Annotated[
        tuple[Count, ...],
        doc("Released level of each label, in the protocol's order", unit="steps", max_length=8),
    ]
    shown: Annotated[dict[Name, Decimal], doc("Share of each label", max_length=8)]
    interval: Annotated[None, doc("None is computed for histograms")]


class Percentile(Part):
    """What was read off a histogram's levels."""

    percent: Annotated[int, doc("Share of samples at or below", unit="percent", ge=1, le=99)]
    label: Annotated[Name, doc("The first category that reaches it")]


class OrderedFigure(HistogramFigure):
    """A histogram of categories in order."""

    percentiles: Annotated[
        tuple[Percentile, ...], doc("Read off the levels", min_length=1, max_length=9)
    ]


def _figure(value: Any) -> str:
    kind = field_of(value, "kind")
    if kind == "histogram":
        return "histogram" if field_of(value, "percentiles") is None else "ordered"
    if kind == "paired_difference":
        return "paired"
    return "sum" if kind != "rate" or field_of(value, "levels") is None else "ratio"


Figure: TypeAlias = Annotated[
    Annotated[SumFigure, Tag("sum")]
    | Annotated[RatioFigure, Tag("ratio")]
    | Annotated[PairedFigure, Tag("paired")]
    | Annotated[HistogramFigure, Tag("histogram")]
    | Annotated[OrderedFigure, Tag("ordered")],
    Discriminator(_figure),
]


class Compared(Part):
    """The other model's released run that differences are to."""

    vendor: Annotated[Line, doc("Organisation that serves the other model")]
    model: Annotated[Line, doc("Its public name")]
    run: Annotated[RunId, doc("Id of its run")]
    report: Annotated[Digest, doc("Digest of that run's report")]


class DisclosureLine(Part):
    """What this report can have said at most, and what all reports of the pair can have."""

    alphabet: Annotated[Alphabet, doc("Number of different reports the protocol allows")]
    bits: Annotated[Bits, doc("log2 of the alphabet", unit="bits")]
    pair_total_bits: Annotated[
        Bits, doc("Charged to this auditor for this model in a rolling year", unit="bits")
    ]
    pair_cap_bits: Annotated[Bits, doc("Cap on that sum", unit="bits")]


class NoisedLine(DisclosureLine):
    """The same of a report with noise in its figures."""

    differential_privacy: Annotated[
        DifferentialPrivacy, doc("Noise added before rounding, as the protocol says it")
    ]


def _line(value: Any) -> str:
    return "exact" if field_of(value, "differential_privacy") is None else "noised"


AnyDisclosure: TypeAlias = Annotated[
    Annotated[DisclosureLine, Tag("exact")] | Annotated[NoisedLine, Tag("noised")],
    Discriminator(_line),
]


class Verified(Part):
    """What was checked in this very run, and what was not."""

    what: Annotated[Line, doc("Property of the run")]
    status: Annotated[
        Literal["attested", "asserted", "not covered"],
        doc("attested: a program checked it; asserted: the operator says so"),
    ]
    note: Annotated[Text, doc("How it was checked, or why it was not")]


class Body(Part):
    """A report whose every field holds by itself."""

    schema_: Annotated[Literal["assay.report/1"], doc("Version of this schema", alias="schema")]
    protocol: Annotated[Digest, doc("Digest of the protocol")]
    run: Annotated[Run, doc("Which run this is")]
    suite: Annotated[Digest, doc("Digest of the suite's archive")]
    image: Annotated[Digest, doc("Id of the container image")]
    model: Annotated[Model, doc("The model the run called")]
    claim: Annotated[Claim, doc("The claim and its verdict")]
    metrics: Annotated[
        tuple[Figure, ...], doc("The figures, in the protocol's order", min_length=1, max_length=64)
    ]
    compared: Annotated[Compared | None, doc("What differences are to; null for none")]
    completeness: Annotated[
        Literal["≥ 99 %", "95–99 %"] | None,  # noqa: RUF001 - a range of figures has an en dash
        doc("Share of samples that the model answered; null when hidden"),
    ]
    disclosure: Annotated[AnyDisclosure, doc("What the report can have said at most")]
    verified: Annotated[tuple[Verified, ...], Field(max_length=64), doc("What was checked")]
    selftest: Annotated[Digest, doc("Digest of the isolation self-test")]
    deviations: Annotated[Names, doc("Deviations from the protocol that a program found")]
    scorer_mode: Annotated[Literal["declarative", "isolated"], doc("Whose code saw the outputs")]
    phases: Annotated[
        Literal["joined", "separate"], doc("Whether scoring happened while generating")
    ]
    released_at: Annotated[Instant, doc("Time of the report's slot", unit="UTC")]
    grant: Annotated[Digest, doc("Digest of what the gateway enforced")]
