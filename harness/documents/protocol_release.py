"""Sections of the protocol that say what may leave: analysis and disclosure."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, Tag

from harness.documents.fields import (
    Alphabet,
    Amount,
    Bits,
    CellId,
    Count,
    Decimal,
    Digest,
    Integer,
    Line,
    Name,
    Names,
    Part,
    Positive,
    distinct,
    doc,
)


class Group(Part):
    """A set of samples fixed in the suite's manifest."""

    dimension: Annotated[Name, doc("What the samples are grouped by")]
    label: Annotated[Name, doc("Which group of that dimension")]


class _Metric(Part):
    """What all figures of a report have: which scores they sum and on which grid."""

    id: Annotated[CellId, doc("Name of the figure; of a group: name.label")]
    metric: Annotated[Name, doc("Score of the suite that it sums")]
    lo: Annotated[Integer, doc("Least score of one sample", unit="score")]
    hi: Annotated[Integer, doc("Greatest score of one sample", unit="score")]
    labels: Annotated[Names, doc("Categories of a histogram in order; else empty", max_length=8)]
    unit: Annotated[int, doc("Step of the grid", unit="samples", ge=5, le=2**53 - 1)]
    n: Annotated[Positive, doc("Samples that it counts", unit="samples")]
    group: Annotated[Group | None, doc("Group that it counts; null for all samples")]


class SumMetric(_Metric):
    """A figure of one sum of scores, or of their squares."""

    kind: Annotated[
        Literal["proportion", "bounded_mean", "bounded_count", "second_moment"],
        doc("How scores become a figure"),
    ]


class PairedMetric(_Metric):
    """What this run's scores exceed those of another model's run by, over the same samples."""

    kind: Annotated[Literal["paired_difference"], doc("How scores become a figure")]


class PassMetric(_Metric):
    """The chance that at least one of k attempts at a sample succeeds."""

    kind: Annotated[Literal["pass_at_k"], doc("How scores become a figure")]
    k: Annotated[int, doc("Attempts that count as one", unit="attempts", ge=1, le=100)]


class Exposure(Part):
    """What a rate is counted per."""

    metric: Annotated[Name | None, doc("Score of the suite; null for the same of every sample")]
    hi: Annotated[
        int,
        doc("Its greatest value of one sample; without a score its value", ge=1, le=1_000_000),
    ]


class RateMetric(_Metric):
    """A count per exposure; of two scores it is released as two levels."""

    kind: Annotated[Literal["rate"], doc("How scores become a figure")]
    exposure: Annotated[Exposure, doc("What it is counted per")]


class HistogramMetric(_Metric):
    """How samples fall into categories."""

    kind: Annotated[Literal["histogram"], doc("How scores become a figure")]


class OrderedMetric(_Metric):
    """A histogram of categories in order, with percentiles read off its levels."""

    kind: Annotated[Literal["histogram"], doc("How scores become a figure")]
    percentiles: Annotated[
        tuple[Annotated[int, Field(ge=1, le=99)], ...],
        doc("What is read off, rising", unit="percent", min_length=1, max_length=9),
    ]


def _metric_tag(value: Any) -> str:
    kind = field_of(value, "kind")
    if kind == "histogram":
        return "histogram" if field_of(value, "percentiles") is None else "ordered"
    if kind in ("pass_at_k", "paired_difference"):
        return str(kind)
    return "rate" if kind == "rate" else "sum"


def field_of(value: Any, name: str) -> Any:
    """A field of a part or of a mapping that may become one; None where there is none."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


ReleasedMetric: TypeAlias = Annotated[
    Annotated[SumMetric, Tag("sum")]
    | Annotated[PassMetric, Tag("pass_at_k")]
    | Annotated[PairedMetric, Tag("paired_difference")]
    | Annotated[RateMetric, Tag("rate")]
    | Annotated[HistogramMetric, Tag("histogram")]
    | Annotated[OrderedMetric, Tag("ordered")],
    Discriminator(_metric_tag),
]


class Compared(Part):
    """Another model's agreement over the same suite, whose run each run is compared with.

    Its vendor has agreed to that in `evidence.scores_kept_days` there.
    """

    agreement: Annotated[Name, doc("Name of that agreement")]
    protocol: Annotated[Digest, doc("Digest of its protocol")]
    vendor: Annotated[Line, doc("Its vendor")]
    model: Annotated[Line, doc("Its model, which the differences are charged to as well")]
    metrics: Annotated[
        tuple[CellId, ...],
        AfterValidator(distinct),
        doc("Figures of both whose difference is a figure here", min_length=1, max_length=64),
    ]


class Analysis(Part):
    """The figures of the report, and the one that the claim rests on."""

    primary: Annotated[CellId, doc("The one primary figure")]
    metrics: Annotated[
        tuple[ReleasedMetric, ...],
        doc("All figures of the report, in order", min_length=1, max_length=64),
    ]
    compared: Annotated[Compared | None, doc("What differences are to; null where there are none")]


class Release(Part):
    """When a report appears."""

    mode: Annotated[
        Literal["fixed", "on_completion"],
        doc("fixed: at a slot set when the run is reserved; on_completion: at the next slot"),
    ]
    grid_s: Annotated[int, doc("Distance between two slots", unit="seconds", ge=1, le=366 * 86_400)]


class Ledger(Part):
    """Caps on what all reports may say about the model in a rolling year."""

    pair: Annotated[Count, doc("To this auditor", unit="bits")]
    owner_group: Annotated[Count, doc("To all auditors with the same owner", unit="bits")]
    model: Annotated[Count, doc("To everybody", unit="bits")]


class Noise(Part):
    """What is added to the totals of one figure."""

    id: Annotated[CellId, doc("The figure")]
    scale: Annotated[Amount, doc("Scale of the discrete Laplace noise in a total", unit="score")]
    error: Annotated[
        Decimal,
        doc("Root mean square error of the figure by noise and rounding", unit="the metric's"),
    ]


class DifferentialPrivacy(Part):
    """Noise for a claim about one record: all that is scored of one sample in a run."""

    epsilon_per_record: Annotated[Amount, doc("Epsilon that one report spends for each record")]
    epsilon_cap: Annotated[
        Amount, doc("Most epsilon that reports to this auditor spend in a rolling year")
    ]
    figures: Annotated[
        tuple[Noise, ...],
        doc("Noise in each figure, in the order of analysis.metrics", min_length=1, max_length=64),
    ]


class Disclosure(Part):
    """The finite alphabet that a report is one symbol of."""

    completeness: Annotated[
        Literal["hidden", "buckets"], doc("Whether the share of answered samples is shown")
    ]
    identity_verdict: Annotated[bool, doc("Whether the model's identity verdict is shown")]
    deviations: Annotated[Names, doc("Deviations that a report may name", max_length=8)]
    release: Annotated[Release, doc("When a report appears")]
    alphabet: Annotated[Alphabet, doc("Number of different reports, an exact integer")]
    bits: Annotated[Bits, doc("Most that one report can say: log2 of the alphabet", unit="bits")]
    bits_cap: Annotated[Positive, doc("Greatest `bits` that the parties accept", unit="bits")]
    ledger: Annotated[Ledger, doc("Caps over all reports of a rolling year")]
    differential_privacy: Annotated[
        DifferentialPrivacy | None, doc("Noise added before rounding; null for none")
    ]
    error_detail: Annotated[Literal["none"], doc("What a failed run tells the auditor")]
    preview: Annotated[Digest, doc("Digest of the example report shown before signing")]
