"""Rules between the fields of a report, and between a report and its protocol. Pure."""

import decimal
from collections.abc import Callable, Iterator

from harness.documents.problems import Problem, refuse
from harness.documents.protocol import Protocol
from harness.documents.protocol_release import (
    HistogramMetric,
    OrderedMetric,
    RateMetric,
    ReleasedMetric,
)
from harness.documents.report_body import (
    Body,
    Figure,
    HistogramFigure,
    NoisedLine,
    OrderedFigure,
    PairedFigure,
    RatioFigure,
    SumFigure,
)


def problems(report: Body) -> list[Problem]:
    """Collect every broken rule within the report itself."""
    return [problem for rule in _RULES for problem in rule(report)]


def check_against(report: Body, protocol: Protocol, digest: str) -> None:
    """Check that a report has exactly the shape its protocol fixed.

    `digest` is that of the protocol's bytes. Messages name fields of the protocol only. Raises
    DocumentInvalid.
    """
    terms, shown = protocol.disclosure, report.disclosure
    mine, theirs = report.compared, protocol.analysis.compared
    pairs = {
        "protocol": (report.protocol, digest),
        "run.of": (report.run.of, protocol.budget.runs),
        "suite": (report.suite, protocol.suite.digest),
        "image": (report.image, protocol.suite.image),
        "model.vendor": (report.model.vendor, protocol.parties.vendor.organisation),
        "model.model": (report.model.model, protocol.system.model),
        "model.snapshot": (report.model.snapshot, protocol.system.snapshot),
        "claim.sentence": (report.claim.sentence, protocol.claim.sentence),
        "claim.verdict": (report.claim.verdict == "none", protocol.claim.decision is None),
        "compared": (
            None if mine is None else (mine.vendor, mine.model),
            None if theirs is None else (theirs.vendor, theirs.model),
        ),
        "completeness": (report.completeness is None, terms.completeness == "hidden"),
        "disclosure.alphabet": (shown.alphabet, terms.alphabet),
        "disclosure.bits": (decimal.Decimal(shown.bits), decimal.Decimal(terms.bits)),
        "disclosure.pair_cap_bits": (decimal.Decimal(shown.pair_cap_bits), terms.ledger.pair),
        "disclosure.differential_privacy": (
            shown.differential_privacy if isinstance(shown, NoisedLine) else None,
            terms.differential_privacy,
        ),
        "deviations": (set(report.deviations) <= set(terms.deviations), True),
        "scorer_mode": (report.scorer_mode, protocol.harness.scorer_mode),
        "phases": (report.phases, protocol.harness.phases),
    }
    found = [
        Problem(path, "is not what the protocol says")
        for path, (said, agreed) in pairs.items()
        if said != agreed
    ]
    shape = [(f.id, f.kind, f.group, f.n, f.unit) for f in report.metrics]
    if shape != [(m.id, m.kind, m.group, m.n, m.unit) for m in protocol.analysis.metrics]:
        found.append(Problem("metrics", "are not those of the protocol, in its order"))
    else:
        pairs_of = zip(report.metrics, protocol.analysis.metrics, strict=True)
        if any(_parts(figure) != _declared(metric) for figure, metric in pairs_of):
            found.append(Problem("metrics", "have other labels or parts than the protocol"))
    refuse(found)


def _parts(figure: Figure) -> tuple[object, ...]:
    """What of a figure's form is the protocol's: two levels or not, labels, percentiles."""
    if isinstance(figure, HistogramFigure):
        read = figure.percentiles if isinstance(figure, OrderedFigure) else ()
        return (set(figure.shown), tuple(item.percent for item in read))
    return (isinstance(figure, RatioFigure),)


def _declared(metric: ReleasedMetric) -> tuple[object, ...]:
    if isinstance(metric, HistogramMetric | OrderedMetric):
        percentiles = metric.percentiles if isinstance(metric, OrderedMetric) else ()
        return (set(metric.labels), percentiles)
    return (isinstance(metric, RateMetric) and metric.exposure.metric is not None,)


def _attempts(report: Body) -> Iterator[Problem]:
    run = report.run
    if [attempt.ordinal for attempt in run.attempt_line] != list(
        range(1, len(run.attempt_line) + 1)
    ):
        yield Problem("run.attempt_line", "must count 1, 2, 3 ... without a gap")
        return
    if run.ordinal > len(run.attempt_line):
        yield Problem("run.attempt_line", "must hold this run")
    elif run.attempt_line[run.ordinal - 1].outcome != "RELEASED":
        yield Problem("run.attempt_line", "must show this run as RELEASED")
    if sum(attempt.outcome != "REFUNDED" for attempt in run.attempt_line) > run.of:
        yield Problem("run.attempt_line", "holds more unrefunded runs than run.of")


def _figures(report: Body) -> Iterator[Problem]:
    seen: set[str] = set()
    for at, figure in enumerate(report.metrics):
        if figure.id in seen:
            yield Problem(f"metrics[{at}].id", "is used more than once")
        seen.add(figure.id)
        if isinstance(figure, HistogramFigure):
            yield from _histogram(figure, f"metrics[{at}]")
        elif isinstance(figure, RatioFigure):
            yield from _ratio(figure, f"metrics[{at}]")
        elif isinstance(figure, PairedFigure):
            if abs(figure.level) > _top(figure):
                yield Problem(f"metrics[{at}].level", "is beyond the ends of the grid")
        else:
            yield from _sum(figure, f"metrics[{at}]")


def _histogram(figure: HistogramFigure, path: str) -> Iterator[Problem]:
    if len(figure.levels) != len(figure.shown):
        yield Problem(f"{path}.shown", "must hold one share per level")
    if sum(figure.levels) != _top(figure):
        yield Problem(f"{path}.levels", "must add up to the top of the grid")
    read = figure.percentiles if isinstance(figure, OrderedFigure) else ()
    if not {item.label for item in read} <= figure.shown.keys():
        yield Problem(f"{path}.percentiles", "name a category that is not shown")


def _ratio(figure: RatioFigure, path: str) -> Iterator[Problem]:
    if max(figure.levels) > _top(figure):
        yield Problem(f"{path}.levels", "are above the top of the grid")
    if (figure.shown is None) != (figure.levels[1] == 0):
        yield Problem(f"{path}.shown", "must be null where no exposure is counted, and only there")


def _sum(figure: SumFigure, path: str) -> Iterator[Problem]:
    if figure.level > _top(figure):
        yield Problem(f"{path}.level", "is above the top of the grid")
    interval = figure.interval
    if interval and decimal.Decimal(interval.low) > decimal.Decimal(interval.high):
        yield Problem(f"{path}.interval", "must not end before it begins")


def _noise(report: Body) -> Iterator[Problem]:
    if not isinstance(report.disclosure, NoisedLine):
        return
    for at, figure in enumerate(report.metrics):
        if figure.interval is not None:
            yield Problem(f"metrics[{at}].interval", "must be null: it would leave the noise out")


def _bits(report: Body) -> Iterator[Problem]:
    total = decimal.Decimal(report.disclosure.pair_total_bits)
    if total < decimal.Decimal(report.disclosure.bits):
        yield Problem("disclosure.pair_total_bits", "must contain this report's bits")


def _top(figure: Figure) -> int:
    """Return floor(n / unit + 1/2), the highest level."""
    return (2 * figure.n + figure.unit) // (2 * figure.unit)


_RULES: tuple[Callable[[Body], Iterator[Problem]], ...] = (_attempts, _figures, _bits, _noise)
