"""`assay verify`: check a report's bundle, offline, without any server of ours."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import output
from harness.cli.context import read
from harness.tlog.verify import verify as verify_bundle


def verify(
    file: Annotated[Path, typer.Argument(help="A report's bundle; `-` is standard input.")],
    root: Annotated[
        str | None,
        typer.Option(help="Trust root to pin: its file, or its digest sha256:…"),
    ] = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Check every claim of a bundle. Exit status 0 passed, 1 failed, 3 nothing pinned."""
    pin: bytes | str | None = root
    if root is not None and not root.startswith("sha256:"):
        pin = read(Path(root))
    verdict = verify_bundle(read(file), pin)
    if as_json:
        output.data(verdict.to_plain())
    else:
        for check in verdict.checks:
            mark = "[green]PASS[/green]" if check.ok else "[bold red]FAIL[/bold red]"
            output.out.print(f"{mark}  {check.name:<21} ", end="")
            output.out.print(check.detail, markup=False)
        if verdict.passed:
            output.out.print("[bold green]PASSED[/bold green]: every check holds, root pinned")
        elif verdict.consistent:
            output.out.print(
                "[bold yellow]UNPINNED[/bold yellow]: every check holds under the file's own "
                "trust root; pin the root you trust with --root"
            )
        else:
            output.out.print("[bold red]FAILED[/bold red]: " + ", ".join(verdict.failures))
    raise typer.Exit(verdict.exit_status)
