"""What commands print: tables and sentences for people, one JSON value for programs."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value, for programs.")]

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def data(value: object) -> None:
    """Print one JSON value on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def say(text: str) -> None:
    """Print a line on standard output, as it stands."""
    out.print(escape(text))


def note(text: str) -> None:
    """Print a line of progress on standard error."""
    err.print(f"[dim]==>[/dim] {escape(text)}")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Print a table for people."""
    grid = Table(title=escape(title) or None, title_justify="left", header_style="bold")
    for heading in headings:
        grid.add_column(heading, overflow="fold")
    for row in rows:
        grid.add_row(*(escape(cell) for cell in row))
    out.print(grid)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show that something goes on: a spinner on a terminal, a line elsewhere."""
    if err.is_terminal:
        with err.status(escape(text)):
            yield
    else:
        note(text)
        yield


def moment(at: float | None) -> str:
    """A time for people: UTC, to the second."""
    if at is None:
        return "-"
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


Bar = Progress
Task = TaskID


def progress() -> Progress:
    """A progress bar on standard error; off a terminal it prints nothing until the end."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    )
