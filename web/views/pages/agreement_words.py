"""What a protocol commits to, in the words and figures that its page shows. Pure."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from harness.disclosure import bits
from harness.disclosure.preview import Preview, random_bytes
from harness.documents.fields import instant
from harness.documents.protocol import Protocol
from harness.documents.protocol_run import Exact, Parameter
from harness.services.agreements import preview

_MICRO: Final = bits.MICRO
# More values than this say no more to anybody than "very many".
_COUNTABLE: Final = 1_000_000


class Line(NamedTuple):
    """One figure of the example report, and what it can tell.

    `example` and the interval are invented; `shares` belong to a histogram. `detects` is in the
    figure's own scale, empty for a histogram, as is `widened`, in percent.
    """

    id: str
    group: str
    n: int
    example: str
    low: str
    high: str
    shares: tuple[tuple[str, str], ...]
    step: int
    values: str
    bits: str
    detects: str
    widened: str


class Meter(NamedTuple):
    """How much of a cap something would use, in bits."""

    label: str
    used: float
    cap: int
    words: str


class Part(NamedTuple):
    """One part of the number of different reports."""

    symbol: str
    number: str
    bits: str
    words: str


class Words(NamedTuple):
    """All of it. Times are seconds since the epoch."""

    lines: tuple[Line, ...]
    one: str
    one_words: str
    all_runs: str
    all_words: str
    meters: tuple[Meter, ...]
    parts: tuple[Part, ...]
    year: str
    window_start: float
    window_end: float
    embargo_until: float | None
    parameters: tuple[tuple[str, str], ...]
    decision: str


def words(protocol: Protocol, seen: Preview) -> Words:
    """What the page of a protocol or draft says of it."""
    disclosure, window = protocol.disclosure, protocol.budget.window
    whole = seen.microbits * protocol.budget.runs
    embargo = protocol.publication.embargo_until
    return Words(
        lines=tuple(_lines(seen)),
        one=seen.bits,
        one_words=random_bytes(seen.microbits),
        all_runs=bits.text(whole),
        all_words=random_bytes(whole),
        meters=(
            _meter("One report", seen.microbits, disclosure.bits_cap),
            _meter("All agreed runs, to this auditor", whole, disclosure.ledger.pair),
            _meter("The same, to its owner's auditors", whole, disclosure.ledger.owner_group),
            _meter("The same, to everybody", whole, disclosure.ledger.model),
        ),
        parts=tuple(
            Part(item.symbol, _counted(item.count), item.bits, item.words)
            for item in preview.factors(protocol)
        ),
        year=_year(seen),
        window_start=instant(window.start).timestamp(),
        window_end=instant(window.end).timestamp(),
        embargo_until=None if embargo is None else instant(embargo).timestamp(),
        parameters=tuple(
            (name, _parameter(item)) for name, item in protocol.harness.parameters.items()
        ),
        decision=_decision(protocol),
    )


def _lines(seen: Preview) -> Iterator[Line]:
    reach = {item.id: item for item in seen.precision}
    for entry, row in zip(seen.metrics, seen.table, strict=True):
        interval: dict[str, Any] = entry["interval"] or {}
        group: dict[str, str] | None = entry["group"]
        found = reach.get(row.id)
        shares = entry["shown"] if isinstance(entry["shown"], dict) else {}
        yield Line(
            id=row.id,
            group="all samples" if group is None else f"{group['dimension']}: {group['label']}",
            n=entry["n"],
            example="" if shares else entry["shown"],
            low=interval.get("low", ""),
            high=interval.get("high", ""),
            shares=(*shares.items(), *_read(entry)),
            step=row.unit,
            values=_counted(row.levels),
            bits=row.bits,
            detects=found.detectable if found else "",
            widened=found.rounding_percent if found else "",
        )


def _read(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Percentiles that the figure would show beside a histogram's shares."""
    for item in entry.get("percentiles", ()):
        yield f"{item['percent']} % at or below", item["label"]


def _counted(count: int) -> str:
    return f"{count:,}" if count < _COUNTABLE else "very many"


def _meter(label: str, microbits: int, cap: int) -> Meter:
    return Meter(label, microbits / _MICRO, cap, f"{bits.text(microbits)} of {cap:,} bits")


def _year(seen: Preview) -> str:
    count = seen.yearly.reports
    times = "once" if count == 1 else f"{count:,} times"
    return f"{times}, {seen.yearly.bits} bits" if count else "never"


def _parameter(item: Parameter) -> str:
    if isinstance(item, Exact):
        value = item.exact
        return ", ".join(value) if isinstance(value, tuple) else str(value)
    return f"{item.min} to {item.max}, {item.default} when the suite says nothing"


def _decision(protocol: Protocol) -> str:
    """The decision rule as a sentence, empty when nothing is decided."""
    rule = protocol.claim.decision
    if rule is None:
        return ""
    met = f"Met when {rule.metric} is {rule.threshold} or more"
    if float(rule.margin) == 0:
        return f"{met}, not met below."
    return f"{met}, not met below; inconclusive when it is closer to it than {rule.margin}."
