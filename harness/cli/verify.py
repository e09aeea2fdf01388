"""`assay verify`: check a report's bundle, offline, without any server of ours."""

import re
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import output
from harness.cli.files import read
from harness.errors import InvalidInput
from harness.tlog.summary import Summary
from harness.tlog.verify import Verdict
from harness.tlog.verify import verify as verify_bundle


def verify(
    file: Annotated[
        Path, typer.Argument(help="A report's bundle; `-` is standard input.", metavar="FILE")
    ],
    root: Annotated[
        str | None,
        typer.Option(
            help="Trust root to pin: its digest sha256:…, or its file.", metavar="DIGEST|FILE"
        ),
    ] = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Check every claim of a bundle, offline.

    Exit status: 0 passed, 1 a check failed, 2 no such file, 3 all holds but no root was pinned.
    """
    verdict = verify_bundle(read(file), None if root is None else pin(root))
    if as_json:
        output.data(verdict.to_plain())
    else:
        _show(verdict)
    raise typer.Exit(verdict.exit_status)


def pin(root: str) -> bytes | str:
    """The trust root that a reader pins: its digest, or its file's bytes.

    Raises InvalidInput for a digest that is none.
    """
    if not root.startswith("sha256:"):
        return read(Path(root))
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", root):
        raise InvalidInput("--root: a digest is sha256: and 64 digits of 0-9 and a-f")
    return root


def _show(verdict: Verdict) -> None:
    for check in verdict.checks:
        mark = "[green]PASS[/green]" if check.ok else "[bold red]FAIL[/bold red]"
        output.out.print(f"{mark}  {check.name:<21} ", end="")
        output.say(check.detail)
    if verdict.consistent and verdict.report is not None:
        output.say("")
        _show_report(verdict.report)
        output.say("")
    if verdict.passed:
        output.out.print("[bold green]PASSED[/bold green]: every check holds, root pinned")
    elif verdict.consistent:
        output.out.print(
            "[bold yellow]UNPINNED[/bold yellow]: every check holds under the file's own "
            "trust root; pin the root you trust with --root"
        )
    else:
        output.out.print("[bold red]FAILED[/bold red]: " + ", ".join(verdict.failures))


def _show_report(report: Summary) -> None:
    figures = [
        f"{figure.id} {figure.shown}"
        if isinstance(figure.shown, str)
        else f"{figure.id} " + ", ".join(f"{k} {v}" for k, v in figure.shown.items())
        for figure in report.figures
    ]
    outcomes = ", ".join(f"{i} {o.lower()}" for i, o in enumerate(report.attempts, 1))
    output.fields(
        [
            ("claim", f"{report.claim}: {report.verdict}"),
            ("model", f"{report.model} ({report.snapshot})"),
            *(("figure" if i == 0 else "", text) for i, text in enumerate(figures)),
            ("attempt", f"{report.attempt} ({outcomes})"),
            ("leak", f"at most {report.bits} bits"),
            ("released", report.released_at),
            ("auditor", f"{report.auditor}, key {report.auditor_key}"),
            ("vendor", f"{report.vendor}, key {report.vendor_key}"),
        ]
    )
