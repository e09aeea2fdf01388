"""Words for figures: what people read where a document holds counts, names and codes. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from harness.documents.report_body import Run

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_TEENS: Final = range(11, 14)

VERDICTS: Final = {
    "met": ("Met", "good"),
    "not met": ("Not met", "bad"),
    "inconclusive": ("Inconclusive", "caution"),
    "none": ("No decision rule", "quiet"),
}
STATUSES: Final = {"attested": "good", "asserted": "caution", "not covered": "quiet"}
KINDS: Final = {
    "proportion": "Proportion",
    "bounded_mean": "Mean",
    "bounded_count": "Count",
    "pass_at_k": "Chance that one of k attempts succeeds",
    "rate": "Count per exposure",
    "second_moment": "Mean of the squared scores",
    "histogram": "Shares of categories",
}
METHODS: Final = {
    "wilson": "Wilson's score interval, widened by the rounding of the figure",
    "range": "score interval with the largest variance that the range allows, widened by the "
    "rounding of the figure",
}
CHECKS: Final = {
    "bundle-canonical": "The file has one form only: not a byte of it can change unnoticed",
    "trust-root": "Log and server are those of the trust root that was pinned",
    "checkpoint-signature": "The head of the log is signed with the log's key",
    "inclusion": "Every statement in the file stands in the public log",
    "statement-signatures": "Every statement carries one valid signature",
    "keys": "Each was signed by whom it had to be: the server, the auditor or the vendor",
    "report-bytes": "The report is, byte for byte, the one that was signed and logged",
    "protocol-bytes": "Every statement and the report speak of this protocol, suite and image",
    "approvals": "Auditor and vendor each agreed, with keys of their own",
    "activation": "The agreement was logged before any run",
    "order": "Nothing happened out of order: agreed, started, ended, reported",
    "ordinals": "No attempt is missing: all are listed, each with its ending",
    "shape": "Every figure and interval follows from its level, in the shape that was agreed",
    "bits": "The bound on the leak, counted again, is the one that was agreed",
}


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in _TEENS else ending}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 sample", "1,319 samples"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """A time span in its two largest units: "2 h 5 min", "40 s"."""
    left = max(int(seconds), 0)
    parts = []
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def attempt_line(run: Run) -> str:
    """Which attempt a report is, of how many, and what became of the others.

    Refunded attempts never reached the model and do not count.
    """
    endings = [item.outcome for item in run.attempt_line]
    place = sum(outcome != "REFUNDED" for outcome in endings[: run.ordinal])
    others: Counter[str] = Counter(endings[: run.ordinal - 1] + endings[run.ordinal :])
    words = [
        f"{others[outcome]} {word}"
        for outcome, word in (
            ("FAILED", "failed"),
            ("RELEASED", "released another report"),
            ("PENDING", "not ended yet"),
            ("REFUNDED", "refunded before any reply, not counted"),
        )
        if others[outcome]
    ]
    return f"{ordinal(place)} of {counted(run.of, 'agreed attempt')}" + (
        f": {', '.join(words)}" if words else ", no other"
    )


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: "a, b and c"."""
    *first, last = names or ("none",)
    return f"{', '.join(first)} and {last}" if first else last
