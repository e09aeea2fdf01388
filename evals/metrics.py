"""Metrics, their scorers and their aggregates, as a manifest declares them."""

import re
from typing import NamedTuple

from evals.fields import ABSENT, Reader

SCORE_TYPES = ("int", "category", "successes")
_SUMMED = ("int", "successes")
KINDS = {
    "proportion": ("int",),
    "bounded_mean": _SUMMED,
    "bounded_count": _SUMMED,
    "pass_at_k": _SUMMED,
    "rate": _SUMMED,
    "second_moment": _SUMMED,
    "histogram": ("category",),
}
# Kinds of what is counted, from zero up.
_COUNTS = ("bounded_count", "pass_at_k", "rate")
# A field that belongs to one kind only: there it stands, or may stand, and nowhere else.
_OWN = {"pass_at_k": "k", "rate": "exposure", "histogram": "percentiles"}

PROGRAM_SCORER = "program"

_BOOL, _TEXT, _REGEX, _LETTERS = "bool", "text", "regex", "letters"
SCORERS: dict[str, dict[str, str | tuple[str, ...]]] = {
    "exact": {"ignore_case": _BOOL},
    "includes": {"ignore_case": _BOOL},
    "choice": {"after": _TEXT, "letters": _LETTERS},
    "numeric": {"after": _TEXT},
    "pattern": {"pattern": _REGEX, "ignore_case": _BOOL},
    "instructions": {"count": ("all", "each")},
    "refusal": {"report": ("expected", "class")},
    PROGRAM_SCORER: {},
}


class Metric(NamedTuple):
    """One score per sample. A category is its label's index; successes count 0 to `hi`."""

    id: str
    score_type: str
    lo: int
    hi: int
    labels: tuple[str, ...]
    worst: int
    scorer: dict[str, object]


class Aggregate(NamedTuple):
    """A statistic over all samples, or over each label of the dimension `groups`.

    `unit` is the number of samples that one step of the released grid stands for. `attempts`
    is the k of pass@k; `exposure` what a rate is per, a metric or a number for every sample;
    `percentiles` are read off a histogram.
    """

    id: str
    metric: str
    kind: str
    unit: int
    groups: str | None
    attempts: int = 0
    exposure: str | int | None = None
    percentiles: tuple[int, ...] = ()


def read_metric(reader: Reader, value: object, path: str) -> Metric:
    """Read one metric: its score's range must hold what its scorer gives."""
    metric = reader.record(value, path, "id score worst scorer")
    before = len(reader.problems)
    kind, lo, hi, labels = _score(reader, metric["score"], f"{path}.score")
    scorer = reader.record(metric["scorer"], f"{path}.scorer", "name options")
    name = reader.choice(scorer["name"], f"{path}.scorer.name", tuple(SCORERS))
    options = _options(reader, name, scorer["options"], f"{path}.scorer.options")
    highest = 2 if options.get("report") == "class" else 1
    fits = name == PROGRAM_SCORER or lo <= 0 < highest <= hi
    if len(reader.problems) == before and not fits:
        reader.say(f"{path}.score", f"must hold 0 to {highest}, which this scorer gives")
    worst = reader.whole(metric["worst"], f"{path}.worst", lo, hi)
    return Metric(
        reader.name(metric["id"], f"{path}.id"),
        kind,
        lo,
        hi,
        labels,
        worst,
        {"name": name, "options": options},
    )


def _score(reader: Reader, value: object, path: str) -> tuple[str, int, int, tuple[str, ...]]:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "category":
        score = reader.record(value, path, "type labels")
        labels = [
            reader.label(label, f"{path}.labels[{index}]")
            for index, label in enumerate(reader.items(score["labels"], f"{path}.labels", 2, 32))
        ]
        reader.unique(labels, f"{path}.labels")
        return kind, 0, max(1, len(labels) - 1), tuple(labels)
    if kind == "successes":
        score = reader.record(value, path, "type of")
        return kind, 0, reader.whole(score["of"], f"{path}.of", 1, 1_000_000), ()
    score = reader.record(value, path, "type lo hi")
    reader.choice(score["type"], f"{path}.type", SCORE_TYPES)
    lo = reader.whole(score["lo"], f"{path}.lo", -1_000_000, 999_999)
    return "int", lo, reader.whole(score["hi"], f"{path}.hi", lo + 1, 1_000_000), ()


def _options(reader: Reader, scorer: str, value: object, path: str) -> dict[str, object]:
    options = dict(reader.mapping(value, path))
    for name, option in options.items():
        here, wanted = f"{path}.{name}", SCORERS[scorer].get(name)
        if wanted is None:
            reader.say(here, "unknown field")
        elif isinstance(wanted, tuple):
            reader.choice(option, here, wanted)
        elif wanted == _BOOL and not isinstance(option, bool):
            reader.say(here, "must be true or false")
        elif wanted == _LETTERS:
            reader.match(option, here, "[A-Z]{2,26}", "two or more capital letters")
        elif wanted in (_TEXT, _REGEX):
            reader.text(option, here, 1000)
    if scorer == "pattern":
        _check_pattern(reader, options.get("pattern"), f"{path}.pattern")
    return options


def _check_pattern(reader: Reader, pattern: object, path: str) -> None:
    try:
        groups = re.compile(pattern).groups if isinstance(pattern, str) else -1
    except (re.error, RecursionError, OverflowError):
        groups = -1
    if groups != 1:
        reader.say(path, "must be a regular expression with exactly one group")


def read_aggregates(
    reader: Reader, value: object, metrics: tuple[Metric, ...], dimensions: tuple[str, ...]
) -> tuple[Aggregate, ...]:
    """Read the aggregates: each of a known metric whose score type fits its kind."""
    by_id = {metric.id: metric for metric in metrics}
    found = []
    for index, item in enumerate(reader.items(value, "aggregates", 1, 64)):
        path = f"aggregates[{index}]"
        kind = item.get("kind") if isinstance(item, dict) else None
        own = _OWN.get(kind, "") if isinstance(kind, str) else ""
        if own == "percentiles" and isinstance(item, dict) and own not in item:
            own = ""
        aggregate = reader.record(item, path, f"id metric kind unit groups {own}")
        kind = reader.choice(aggregate["kind"], f"{path}.kind", tuple(KINDS))
        metric = by_id.get(reader.name(aggregate["metric"], f"{path}.metric"))
        if metric is None:
            reader.say(f"{path}.metric", "is no metric of this suite")
        else:
            _check_kind(reader, kind, metric, f"{path}.kind")
        groups = aggregate["groups"]
        if groups is not None and groups is not ABSENT and groups not in dimensions:
            reader.say(f"{path}.groups", "is no dimension of fields.groups")
        found.append(
            Aggregate(
                reader.name(aggregate["id"], f"{path}.id"),
                metric.id if metric else "",
                kind,
                reader.whole(aggregate["unit"], f"{path}.unit", 1, 10_000),
                groups if isinstance(groups, str) else None,
                reader.whole(aggregate["k"], f"{path}.k", 1, 100) if own == "k" else 0,
                _exposure(reader, aggregate["exposure"], f"{path}.exposure", by_id)
                if own == "exposure"
                else None,
                _percentiles(reader, aggregate["percentiles"], f"{path}.percentiles")
                if own == "percentiles"
                else (),
            )
        )
    return tuple(found)


def _check_kind(reader: Reader, kind: str, metric: Metric, path: str) -> None:
    if metric.score_type not in KINDS[kind]:
        reader.say(path, f"does not fit a score of type {metric.score_type}")
    elif kind == "proportion" and (metric.lo, metric.hi) != (0, 1):
        reader.say(path, "needs a score from 0 to 1")
    elif kind in _COUNTS and metric.lo != 0:
        reader.say(path, "needs a score from 0 up")


def _exposure(reader: Reader, value: object, path: str, metrics: dict[str, Metric]) -> str | int:
    if not isinstance(value, str):
        return reader.whole(value, path, 1, 1_000_000)
    metric = metrics.get(value)
    if metric is None or metric.lo != 0 or metric.score_type == "category":
        reader.say(path, "must be a number per sample, or a metric with a score from 0 up")
    return value


def _percentiles(reader: Reader, value: object, path: str) -> tuple[int, ...]:
    items = reader.items(value, path, 1, 9)
    found = [reader.whole(item, f"{path}[{index}]", 1, 99) for index, item in enumerate(items)]
    if sorted(set(found)) != found:
        reader.say(path, "must rise")
    return tuple(found)
