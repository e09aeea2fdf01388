"""What commands print: tables and sentences for people, one JSON value for programs.

Results go to standard output, progress to standard error. Titles and claims are other parties'
words: nothing in them may steer a terminal.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value, for programs.")]
Show: TypeAlias = Callable[[str, float, float], None]

# Off a terminal a table is as wide as its cells, so that digests stay in one piece.
_WIDE: Final = 400
_NAME: Final = 8
_LINE_S: Final = 10.0
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def data(value: object) -> None:
    """Print one JSON value on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def keep_out_of_the_way() -> None:
    """From now on print for people on standard error: standard output is a program's."""
    out.stderr = True


def clean(text: str) -> str:
    """Text without control characters and reordering marks; line ends stay."""
    return "".join(c if c.isprintable() or c == "\n" else _REPLACED for c in text)


def say(text: str) -> None:
    """Print a line on standard output, as it stands."""
    out.print(clean(text), markup=False)


def fields(rows: Sequence[tuple[str, str]]) -> None:
    """Print names and values in two columns."""
    width = max(_NAME, *(len(name) for name, _ in rows))
    for name, value in rows:
        say(f"{name:<{width}}  {value}")


def note(text: str) -> None:
    """Print a line of progress on standard error."""
    err.print(f"[dim]==>[/dim] {escape(clean(text))}")


def problem(code: str, text: str) -> None:
    """Print what is wrong on standard error: the error's code, then one problem a line."""
    for line in text.splitlines() or [code]:
        err.print(f"[bold red]{code}[/bold red] ", end="")
        err.print(clean(line), markup=False)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Print a table for people."""
    grid = Table(title=escape(title) or None, title_justify="left", header_style="bold")
    for heading in headings:
        grid.add_column(heading, overflow="fold")
    for row in rows:
        grid.add_row(*(escape(clean(cell)) for cell in row))
    console = out if out.is_terminal else Console(file=out.file, width=_WIDE, emoji=False)
    console.print(grid)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show that something goes on: a spinner on a terminal, a line elsewhere."""
    if err.is_terminal:
        with err.status(escape(text)):
            yield
    else:
        note(text)
        yield


@contextmanager
def progress() -> Iterator[Show]:
    """Show how far something is: a bar on a terminal, a line now and then elsewhere.

    Gives a function of (what happens, how much is done, how much there is).
    """
    if not err.is_terminal:
        yield _lines()
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn())
    with Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(text: str, done: float, total: float) -> None:
            bar.update(task, description=clean(text), completed=done, total=total)

        yield show


def _lines() -> Show:
    said, at = "", -_LINE_S

    def show(text: str, _done: float, _total: float) -> None:
        nonlocal said, at
        if text != said and time.monotonic() - at >= _LINE_S:
            said, at = text, time.monotonic()
            note(text)

    return show


def moment(at: float | None) -> str:
    """A time for people: UTC, to the second."""
    if at is None:
        return "-"
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
