"""The table for people and the JSON for programs: the same figures, nothing left out."""

import json
import platform
from dataclasses import asdict, dataclass

from rich import box
from rich.table import Table

from benchmarks.figures import Figure, Row

NOT_MEASURED = "not yet measured"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row: its figures, or the sentence that says why there are none."""

    row: Row
    figures: tuple[Figure, ...] = ()
    instead: str = ""


def table(outcomes: list[Outcome]) -> Table:
    """Return the table: one line per figure, and one for each row without figures."""
    made = Table(box=box.SIMPLE_HEAD, title="Ours against peers, measured in turns in one run")
    for name in ("#", "what", "ours", "peer", "bound", "ratio", "goal", ""):
        number = name in {"ours", "peer", "bound", "ratio"}
        made.add_column(name, justify="right" if number else "left", no_wrap=name != "what")
    for outcome in outcomes:
        for figure in outcome.figures:
            made.add_row(outcome.row.number, *_cells(figure))
        if not outcome.figures:
            made.add_row(
                outcome.row.number, outcome.row.what, *[""] * 4, outcome.row.goal, outcome.instead
            )
    return made


def _cells(figure: Figure) -> tuple[str, ...]:
    what = f"{figure.what} ({figure.note})" if figure.note else figure.what
    ratio = f"{figure.ours / figure.peer:.3f}" if figure.peer else ""
    if figure.peer and not figure.goal.unit:
        ratio = f"{figure.judged:.3f}"
    return (
        what,
        _amount(figure.ours, figure.unit),
        _amount(figure.peer, figure.unit),
        _amount(figure.bound, figure.unit),
        ratio,
        str(figure.goal),
        "met" if figure.met else "missed",
    )


def _amount(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.4g} {unit}"


def as_json(outcomes: list[Outcome]) -> str:
    """Return every row and figure, with what the machine says of itself."""
    return json.dumps(
        {
            "machine": {"python": platform.python_version(), "system": platform.platform()},
            "rows": [
                {
                    "row": outcome.row.number,
                    "what": outcome.row.what,
                    "goal": outcome.row.goal,
                    "figures": [asdict(f) | {"met": f.met} for f in outcome.figures],
                    "instead": outcome.instead or None,
                }
                for outcome in outcomes
            ],
        },
        indent=2,
        ensure_ascii=False,
    )
