"""The preview of a protocol's reports, for people who are about to sign."""

from harness.cli import output
from harness.disclosure.preview import Preview
from harness.documents.protocol import Protocol
from harness.services.agreements import preview

_MICRO = 1_000_000


def show_factors(protocol: Protocol) -> None:
    """Print what the number of different reports is made of."""
    output.table(
        ("", "count", "bits", "of what"),
        [
            (
                factor.symbol,
                f"{factor.count:,}" if factor.count < _MICRO else "very many",
                factor.bits,
                factor.words,
            )
            for factor in preview.factors(protocol)
        ],
        title="Different reports: T x (L x Q x V x D + F)",
    )


def show_agreement(protocol: Protocol) -> None:
    """Print what a protocol commits its parties to, and the preview of its reports."""
    parties, budget = protocol.parties, protocol.budget
    window = budget.window
    output.fields(
        [
            ("title", protocol.identity.title),
            ("claim", protocol.claim.sentence),
            ("auditor", f"{parties.auditor.organisation} ({parties.auditor.person})"),
            ("vendor", f"{parties.vendor.organisation} ({parties.vendor.person})"),
            ("model", f"{protocol.system.model} ({protocol.system.snapshot})"),
            ("suite", f"{protocol.suite.id} {protocol.suite.version}, {protocol.suite.digest}"),
            ("runs", f"at most {budget.runs}, from {window.start} to {window.end}"),
        ]
    )
    show_preview(preview.of(protocol))
    show_factors(protocol)


def show_preview(seen: Preview) -> None:
    """Print the exact report shape with invented figures, then leak, cost and precision."""
    output.table(
        ("metric", "example", "n", "step", "levels", "bits"),
        [
            (
                str(entry["id"]),
                _shown(entry["shown"]),
                str(entry["n"]),
                f"{entry['unit']} samples",
                f"{line.levels:,}" if line.levels < _MICRO else "very many",
                line.bits,
            )
            for entry, line in zip(seen.metrics, seen.table, strict=True)
        ],
        title="The report will have this shape (figures invented)",
    )
    for sentence in seen.words:
        output.say(f"  {sentence}")
    output.say(
        f"  It costs at most {dollars(seen.cost_per_run)} a run, {dollars(seen.cost_total)} in all."
    )


def dollars(microusd: int) -> str:
    """Money for people, to a hundredth of a cent."""
    return f"${microusd / _MICRO:,.4f}"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{label} {share}" for label, share in value.items())
    return str(value)
