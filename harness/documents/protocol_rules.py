"""Rules between the fields of a protocol. Pure: takes a protocol, returns its problems."""

import decimal
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction

from harness.documents.problems import Problem
from harness.documents.protocol_body import Body
from harness.documents.protocol_release import OrderedMetric, PassMetric, RateMetric, ReleasedMetric

_MAX_SPAN = 100
_MIN_LABELS = 2
_COMPARED = ("proportion", "bounded_mean")
_COUNTS = ("bounded_count", "pass_at_k", "rate")


def problems(protocol: Body) -> list[Problem]:
    """Collect every broken rule, in the order of the sections."""
    return [problem for rule in _RULES for problem in rule(protocol)]


def _lineage(protocol: Body) -> Iterator[Problem]:
    first = protocol.identity.version == 1
    if first != (protocol.identity.parent is None):
        yield Problem("identity.parent", "must be null in version 1 and only there")


def _parties(protocol: Body) -> Iterator[Problem]:
    auditor, vendor = protocol.parties.auditor, protocol.parties.vendor
    if _plain(auditor.organisation) == _plain(vendor.organisation):
        yield Problem("parties.vendor.organisation", "must not be the auditor's")
    if auditor.key_id == vendor.key_id:
        yield Problem("parties.vendor.key_id", "must not be the auditor's")


def _decision(protocol: Body) -> Iterator[Problem]:
    decision = protocol.claim.decision
    if decision is None:
        return
    if decimal.Decimal(decision.margin) < 0:
        yield Problem("claim.decision.margin", "must not be negative")
    metric = next((m for m in protocol.analysis.metrics if m.id == decision.metric), None)
    if metric is None:
        yield Problem("claim.decision.metric", "names no metric of analysis.metrics")
    elif metric.kind == "histogram":
        yield Problem("claim.decision.metric", "must not be a histogram")
    elif isinstance(metric, RateMetric) and metric.exposure.metric is not None:
        yield Problem("claim.decision.metric", "must not be a rate of two scores")
    else:
        lo, hi = _figure_range(metric)
        if not lo <= Fraction(decision.threshold) <= hi:
            message = f"must lie between {lo} and {hi}, where the figure lies"
            yield Problem("claim.decision.threshold", message)


def _figure_range(metric: ReleasedMetric) -> tuple[Fraction, Fraction]:
    """Least and greatest figure of a metric that is one sum."""
    lo, hi = Fraction(metric.lo), Fraction(metric.hi)
    if metric.kind == "pass_at_k":
        return Fraction(0), Fraction(1)
    if metric.kind == "paired_difference":
        return lo - hi, hi - lo
    if metric.kind == "bounded_count":
        return lo * metric.n, hi * metric.n
    if metric.kind == "second_moment":
        least, greatest = sorted((lo**2, hi**2))
        return (Fraction(0) if lo < 0 < hi else least), greatest
    return (lo, hi / metric.exposure.hi) if isinstance(metric, RateMetric) else (lo, hi)


def _groups(protocol: Body) -> Iterator[Problem]:
    for dimension, labels in protocol.suite.groups.items():
        if sum(labels.values()) > protocol.suite.samples:
            yield Problem(f"suite.groups.{dimension}", "holds more samples than the suite")


def _window(protocol: Body) -> Iterator[Problem]:
    window, embargo = protocol.budget.window, protocol.publication.embargo_until
    # The fixed-width UTC form sorts as time does.
    if window.start >= window.end:
        yield Problem("budget.window.end", "must be later than window.start")
    if embargo is not None and embargo < window.end:
        yield Problem("publication.embargo_until", "must not be before budget.window.end")


def _primary(protocol: Body) -> Iterator[Problem]:
    ids = Counter(metric.id for metric in protocol.analysis.metrics)
    if protocol.analysis.primary not in ids:
        yield Problem("analysis.primary", "names no metric of analysis.metrics")
    for at, metric in enumerate(protocol.analysis.metrics):
        if ids[metric.id] > 1:
            yield Problem(f"analysis.metrics[{at}].id", "is used more than once")


def _metrics(protocol: Body) -> Iterator[Problem]:
    scores: dict[str, tuple[object, ...]] = {}
    epochs = protocol.harness.epochs
    for at, metric in enumerate(protocol.analysis.metrics):
        path = f"analysis.metrics[{at}]"
        for field, message in (*_scale(metric), *_membership(metric, protocol)):
            yield Problem(f"{path}.{field}", message)
        scale = (metric.lo, metric.hi, metric.labels)
        if scores.setdefault(metric.metric, scale) != scale:
            yield Problem(path, "gives its score another lo, hi or labels than an earlier metric")
        if isinstance(metric, PassMetric) and metric.k > metric.hi * epochs:
            yield Problem(
                f"{path}.k", f"must not exceed the {metric.hi * epochs} attempts a sample"
            )
        if isinstance(metric, RateMetric) and metric.exposure.metric is not None:
            scale = (0, metric.exposure.hi, ())
            if scores.setdefault(metric.exposure.metric, scale) != scale:
                yield Problem(f"{path}.exposure", "gives its score another range than elsewhere")


def _scale(metric: ReleasedMetric) -> Iterator[tuple[str, str]]:
    if metric.kind == "histogram":
        if len(metric.labels) < _MIN_LABELS:
            yield "labels", "a histogram has 2 to 8 labels"
        if (metric.lo, metric.hi) != (0, len(metric.labels) - 1):
            yield "hi", "a histogram counts from lo = 0 to hi = number of labels - 1"
        read = metric.percentiles if isinstance(metric, OrderedMetric) else ()
        if list(read) != sorted(set(read)):
            yield "percentiles", "must rise"
        return
    if metric.labels:
        yield "labels", "only a histogram has labels"
    if metric.kind == "proportion" and (metric.lo, metric.hi) != (0, 1):
        yield "hi", "a proportion has lo = 0 and hi = 1"
    elif not 0 < metric.hi - metric.lo <= _MAX_SPAN:
        yield "hi", "must be above lo by 1 to 100"
    if metric.kind in _COUNTS and metric.lo != 0:
        yield "lo", "what is counted has lo = 0"


def _membership(metric: ReleasedMetric, protocol: Body) -> Iterator[tuple[str, str]]:
    group, suffix = metric.group, metric.id.partition(".")[2]
    if suffix != (group.label if group else ""):
        yield "id", "must end in .label for a group, and only then"
    size: int | None = protocol.suite.samples
    if group:
        size = protocol.suite.groups.get(group.dimension, {}).get(group.label)
        if size is None:
            yield "group", "names no group of suite.groups"
    if size is not None and metric.n != size:
        yield "n", f"must be {size}, the size that the suite section gives"


def _compared(protocol: Body) -> Iterator[Problem]:
    """A difference is that of a figure which both runs have, and there is one for each named."""
    compared = protocol.analysis.compared
    found = {m.id: m for m in protocol.analysis.metrics if m.kind == "paired_difference"}
    own = {m.id: m for m in protocol.analysis.metrics if m.kind in _COMPARED}
    named = {difference_id(name): name for name in (compared.metrics if compared else ())}
    if found.keys() != named.keys():
        yield Problem("analysis.metrics", "have other differences than analysis.compared names")
    for name in found.keys() & named.keys():
        figure = own.get(named[name])
        if figure is None:
            message = f"{named[name]} is no share or mean of scores of this protocol"
            yield Problem("analysis.compared.metrics", message)
        elif _scores_of(figure) != _scores_of(found[name]):
            yield Problem(f"analysis.metrics.{name}", f"is over other scores than {figure.id}")
    if protocol.disclosure.differential_privacy is not None:
        # A difference to a sum without noise would tell what the noise is to hide.
        message = "noise is agreed, so that runs cannot be compared"
        if compared is not None:
            yield Problem("analysis.compared", message)
        if protocol.evidence.scores_kept_days is not None:
            yield Problem("evidence.scores_kept_days", message)
    if compared and compared.model == protocol.system.model:
        yield Problem("analysis.compared.model", "must be another model")


def difference_id(name: str) -> str:
    """How the difference of a figure of this name is called."""
    head, dot, label = name.partition(".")
    return f"{head}_difference{dot}{label}"


def _scores_of(metric: ReleasedMetric) -> tuple[object, ...]:
    return metric.metric, metric.lo, metric.hi, metric.group, metric.n, metric.unit


def _bits(protocol: Body) -> Iterator[Problem]:
    disclosure = protocol.disclosure
    if decimal.Decimal(disclosure.bits) > disclosure.bits_cap:
        yield Problem("disclosure.bits", "must not exceed disclosure.bits_cap")


def _privacy(protocol: Body) -> Iterator[Problem]:
    agreed, path = protocol.disclosure.differential_privacy, "disclosure.differential_privacy"
    if agreed is None:
        return
    if decimal.Decimal(agreed.epsilon_per_record) > decimal.Decimal(agreed.epsilon_cap):
        yield Problem(f"{path}.epsilon_cap", "must not be below epsilon_per_record")
    if [item.id for item in agreed.figures] != [item.id for item in protocol.analysis.metrics]:
        yield Problem(f"{path}.figures", "must name the metrics of analysis.metrics, in order")


def _plain(name: str) -> str:
    """Compare names without regard to case, spacing and compatible characters."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


_RULES: tuple[Callable[[Body], Iterator[Problem]], ...] = (
    _lineage,
    _parties,
    _decision,
    _groups,
    _window,
    _primary,
    _metrics,
    _compared,
    _bits,
    _privacy,
)
