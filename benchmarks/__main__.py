"""usage: python -m benchmarks [ROW ...] [--json] [--full] [--rounds N].

Measures the named rows, or all. Ends with status 1 when a measurement failed to run; a goal
that is missed is printed as such and is no error.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from rich.console import Console

from benchmarks.figures import Options, Row
from benchmarks.printing import NOT_MEASURED, Outcome, as_json, table
from benchmarks.rows import ROWS


def say(text: str) -> None:
    """Show progress beside the results, never among them."""
    print(f"==> {text}", file=sys.stderr, flush=True)


def measured(row: Row, options: Options) -> Outcome:
    """Measure one row. A failure becomes the row's sentence, so that the others still run."""
    if row.measure is None:
        return Outcome(row, instead=NOT_MEASURED)
    say(f"{row.number}: {row.what}")
    try:
        return Outcome(row, tuple(row.measure(options)))
    except Exception as error:  # noqa: BLE001 - one row must not hide the others
        return Outcome(row, instead=f"failed: {type(error).__name__}: {error}")


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and return the process's status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="rows to measure, for example P1")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--full", action="store_true", help="also the long sizes; adds minutes")
    parser.add_argument("--rounds", type=int, default=3, help="turns to keep of each pair")
    chosen = parser.parse_args(arguments)
    wanted = {name.upper() for name in chosen.rows} or {row.number for row in ROWS}
    if unknown := wanted - {row.number for row in ROWS}:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    options = Options(rounds=max(1, chosen.rounds), full=chosen.full, say=say)
    outcomes = [measured(row, options) for row in ROWS if row.number in wanted]
    if chosen.json:
        print(as_json(outcomes))
    else:
        # A pipe has no width of its own; a log deserves whole lines.
        width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "150"))
        Console(width=width).print(table(outcomes))
    return int(any(outcome.instead.startswith("failed") for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
