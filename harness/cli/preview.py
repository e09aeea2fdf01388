"""The preview of a protocol's reports, for people who are about to sign."""

from harness.cli import output
from harness.disclosure.preview import Preview

_MICRO = 1_000_000


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
