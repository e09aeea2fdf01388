"""A report's figures as panels of a chart, and as the sentence that says the same."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Final

from harness.documents.protocol_terms import Decision
from harness.services.publication.reports import NO_EXPOSURE, Shown
from web.charts import Limit, Mark, Panel
from web.wording import counted

_UNITS: Final = {
    "proportion": "share of samples",
    "bounded_mean": "mean score of a sample",
    "bounded_count": "count over the samples",
    "rate": "count per exposure",
    "second_moment": "mean of the squared scores",
    "paired_difference": "mean difference to the other model, sample by sample",
}
_HALF: Final = 50
_RANGED: Final = ("bounded_mean", "bounded_count", "second_moment", "paired_difference")


def unit(figure: Shown) -> str:
    """What a figure counts, with its range where that is not plain."""
    if figure.kind == "pass_at_k":
        return f"chance that one of {counted(figure.attempts, 'attempt')} succeeds"
    words = _UNITS.get(figure.kind, "share of samples")
    return f"{words}, {figure.lo} to {figure.hi}" if figure.kind in _RANGED else words


def words(figure: Shown) -> str:
    """A figure with its interval and n: all that the text beside its mark says."""
    between = figure.interval
    reach = f" ({between.low} to {between.high})" if between else ""
    return f"{figure.value}{reach}, n = {figure.n:,}"


def percentile(percent: int, label: str) -> str:
    """One percentile that was read off a histogram, in words."""
    return f"Median: {label}" if percent == _HALF else f"{percent} % at or below {label}"


def panels(shown: Sequence[Shown], decision: Decision | None) -> tuple[Panel, ...]:
    """One panel for each run of figures that share an axis, and one for each histogram."""
    return tuple(_panels(shown, decision))


def _panels(shown: Sequence[Shown], decision: Decision | None) -> Iterator[Panel]:
    for (_, _, _, dimension, _), group in groupby(shown, key=_axis):
        figures = list(group)
        first = figures[0]
        if first.kind == "histogram":
            yield Panel(
                title=f"{_name(first)}: how {counted(first.n, 'sample')} were classed",
                unit=unit(first),
                lo=0.0,
                hi=1.0,
                marks=tuple(Mark(label, share, float(share)) for label, share in first.shares),
            )
            continue
        title = f"By {dimension}" if dimension else "Over all samples"
        yield Panel(
            title=f"{title}, with 95 % intervals" if first.interval else title,
            unit=unit(first),
            lo=float(first.lo),
            hi=float(first.hi),
            marks=tuple(_mark(figure) for figure in figures),
            limit=_limit(figures, decision),
        )


def _axis(figure: Shown) -> tuple[str, Fraction, Fraction, str, str]:
    own = figure.id if figure.kind == "histogram" else ""
    return figure.kind, figure.lo, figure.hi, figure.dimension, own


def _name(figure: Shown) -> str:
    return f"{figure.id} ({figure.dimension})" if figure.dimension else figure.id


def _mark(figure: Shown) -> Mark:
    between = figure.interval
    value = 0.0 if figure.value == NO_EXPOSURE else float(figure.value)
    return Mark(
        label=figure.id,
        words=words(figure),
        value=value,
        low=float(between.low) if between else None,
        high=float(between.high) if between else None,
    )


def _limit(figures: Sequence[Shown], decision: Decision | None) -> Limit | None:
    ids = [figure.id for figure in figures]
    if decision is None or decision.metric not in ids:
        return None
    margin = float(decision.margin)
    zone = f", inconclusive within {decision.margin} of it" if margin else ""
    return Limit(
        mark=ids.index(decision.metric),
        value=float(decision.threshold),
        margin=margin,
        words=f"decision threshold {decision.threshold} for {decision.metric}{zone}",
    )


def sentence(shown: Sequence[Shown], decision: Decision | None) -> str:
    """What the chart shows, in full sentences, for those who do not see it."""
    return " ".join(_sentences(shown, decision))


def _sentences(shown: Sequence[Shown], decision: Decision | None) -> Iterator[str]:
    for figure in shown:
        if figure.kind == "histogram":
            shares = ", ".join(f"{label} {share}" for label, share in figure.shares)
            read = "".join(f" {percentile(*item)}." for item in figure.percentiles)
            yield f"{_name(figure)}: {shares} of {counted(figure.n, 'sample')}.{read}"
            continue
        between = figure.interval
        reach = f", 95 % interval {between.low} to {between.high}" if between else ""
        counts = f"n = {counted(figure.n, 'sample')}"
        yield f"{_name(figure)}: {figure.value} ({unit(figure)}){reach}, {counts}."
        if decision is not None and decision.metric == figure.id:
            yield f"The decision threshold is {decision.threshold}."
