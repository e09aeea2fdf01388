"""`assay rank`: place several models by their released figures, offline, from verified bundles."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import typer

from harness.cli import output
from harness.cli.files import read
from harness.cli.verify import pin
from harness.disclosure.ranks import Rank, ranks
from harness.errors import InvalidInput
from harness.tlog.summary import Summary
from harness.tlog.verify import FAILED_STATUS, UNPINNED_STATUS, Verdict
from harness.tlog.verify import verify as verify_bundle

_LEAST: Final = 2


def rank(
    files: Annotated[
        list[Path], typer.Argument(help="Reports' bundles, of one suite.", metavar="FILE...")
    ],
    metric: Annotated[
        str | None,
        typer.Option(help="Figure to rank by; by default the reports' first.", metavar="ID"),
    ] = None,
    root: Annotated[
        str | None,
        typer.Option(
            help="Trust root to pin: its digest sha256:…, or its file.", metavar="DIGEST|FILE"
        ),
    ] = None,
    *,
    lowest_first: Annotated[
        bool, typer.Option("--lowest-first", help="The lowest figure is the best.")
    ] = False,
    as_json: output.Json = False,
) -> None:
    """Rank models by one figure, as far as the intervals of their reports tell them apart.

    Exit status: 0 ranked, 1 a bundle failed a check, 2 wrong input, 3 ranked, but no root was
    pinned.
    """
    pinned = None if root is None else pin(root)
    verdicts = [verify_bundle(read(file), pinned) for file in files]
    reports = _checked(files, verdicts)
    if reports is None:
        raise typer.Exit(FAILED_STATUS)
    chosen = metric or reports[0].figures[0].id
    entries = _entries(files, reports, chosen)
    found = ranks([entry.ends for entry in entries], lowest_first=lowest_first)
    placed = sorted(zip(found, entries, strict=True), key=lambda one: (one[0].best, one[0].worst))
    if as_json:
        rows = [_plain(*one) for one in placed]
        output.data({"metric": chosen, "pinned": pinned is not None, "ranks": rows})
    else:
        _show(chosen, placed, pinned=pinned is not None)
    raise typer.Exit(UNPINNED_STATUS if pinned is None else 0)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A report and the figure that it is ranked by, with the ends of its interval."""

    report: Summary
    shown: str
    ends: tuple[Decimal, Decimal]


def _checked(files: list[Path], verdicts: list[Verdict]) -> list[Summary] | None:
    """The reports of bundles in which every check holds; None, with the reasons said, otherwise."""
    failed, reports = [], []
    for file, verdict in zip(files, verdicts, strict=True):
        if verdict.consistent and verdict.report is not None:
            reports.append(verdict.report)
        else:
            names = ", ".join(verdict.failures) or "no report"
            failed.append(f"{file}: {names}; `assay verify {file}` says why")
    if failed:
        output.problem("not_verified", "\n".join(failed))
        return None
    return reports


def _entries(files: list[Path], reports: list[Summary], chosen: str) -> list[_Entry]:
    """What is ranked. Raises InvalidInput with everything that keeps a report from a rank."""
    problems, found = [], []
    if len(files) < _LEAST:
        problems.append("FILE: a rank needs at least two bundles")
    if len({report.report for report in reports}) < len(reports):
        problems.append("FILE: the same report is named twice")
    for file, report in zip(files, reports, strict=True):
        if report.suite != reports[0].suite:
            problems.append(f"{file}: is of another suite than {files[0]}")
        with_ends = {one.id: one for one in report.figures if one.interval is not None}
        if chosen not in with_ends:
            known = ", ".join(with_ends) or "none"
            problems.append(f"--metric: {file} has no interval for it; figures that have: {known}")
            continue
        low, high = with_ends[chosen].interval or ("", "")
        found.append(_Entry(report, str(with_ends[chosen].shown), (Decimal(low), Decimal(high))))
    if problems:
        raise InvalidInput(problems)
    return found


def _plain(found: Rank, entry: _Entry) -> dict[str, object]:
    report = entry.report
    return {
        "rank": asdict(found),
        "vendor": report.vendor,
        "model": report.model,
        "snapshot": report.snapshot,
        "shown": entry.shown,
        "interval": [str(end) for end in entry.ends],
        "released_at": report.released_at,
        "report": report.report,
    }


def _show(chosen: str, placed: list[tuple[Rank, _Entry]], *, pinned: bool) -> None:
    output.table(
        ("rank", "model", "vendor", "snapshot", chosen, "95 % interval", "released"),
        [
            (
                str(found),
                entry.report.model,
                entry.report.vendor,
                entry.report.snapshot,
                entry.shown,
                "{} to {}".format(*entry.ends),
                entry.report.released_at,
            )
            for found, entry in placed
        ],
    )
    output.say(
        "Models are told apart where their intervals do not meet. Each interval is right 95 times "
        "of 100 by itself; all of them together less often."
    )
    if not pinned:
        output.say("UNPINNED: pin the root that you trust with --root.")
