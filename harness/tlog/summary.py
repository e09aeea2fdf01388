"""What a bundle's report says, in plain values for a terminal.

Strings come from the bundle. Characters that could steer a terminal or reorder a line are
replaced, and none of it is true before the checks have passed.
"""

from dataclasses import dataclass

from harness.tlog.chain import Chain
from harness.tlog.reader import Node


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric's id, its shown figure (for a histogram, one per label), and its interval.

    `interval` is its lower and its upper end as decimals, None where the report has none.
    """

    id: str
    shown: str | dict[str, str]
    interval: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The report in a few lines. Keys are digests of DER public keys, to compare by hand."""

    title: str
    claim: str
    verdict: str
    model: str
    snapshot: str
    auditor: str
    auditor_key: str
    vendor: str
    vendor_key: str
    attempt: int
    attempts: tuple[str, ...]
    figures: tuple[Figure, ...]
    bits: str
    released_at: str
    protocol: str
    suite: str
    report: str


def summarise(chain: Chain) -> Summary:
    """Read the summary. Raises TlogError when the documents cannot be read."""
    protocol, report = chain.protocol, chain.report
    parties = protocol["parties"]
    return Summary(
        title=_line(protocol["identity"]["title"]),
        claim=_line(report["claim"]["sentence"]),
        verdict=_line(report["claim"]["verdict"]),
        model=_line(report["model"]["model"]),
        snapshot=_line(report["model"]["snapshot"]),
        auditor=_line(parties["auditor"]["organisation"]),
        auditor_key=parties["auditor"]["key_id"].digest(),
        vendor=_line(parties["vendor"]["organisation"]),
        vendor_key=parties["vendor"]["key_id"].digest(),
        attempt=report["run"]["ordinal"].integer(),
        attempts=tuple(_line(item["outcome"]) for item in report["run"]["attempt_line"].items()),
        figures=tuple(
            Figure(_line(item["id"]), _figure(item["shown"]), _interval(item["interval"]))
            for item in report["metrics"].items()
        ),
        bits=_line(report["disclosure"]["bits"]),
        released_at=_line(report["released_at"]),
        protocol=chain.protocol_digest,
        suite=report["suite"].digest(),
        report=chain.report_digest,
    )


def _figure(node: Node) -> str | dict[str, str]:
    if isinstance(node.value, str):
        return _line(node)
    return {_plain(name): _line(node[name]) for name in node.keys()}  # noqa: SIM118 - a Node


def _interval(node: Node) -> tuple[str, str] | None:
    return None if node.value is None else (_line(node["low"]), _line(node["high"]))


def _line(node: Node) -> str:
    return _plain(node.text(max_length=10_000))


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
