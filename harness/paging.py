"""Pages of a long list, by cursor: what was asked for, and what came."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of the page before: its time (seconds since the epoch) and its id."""

    at: float
    id: str


@dataclass(frozen=True, slots=True)
class Window:
    """What part of a list is wanted: at most `limit` rows after a cursor."""

    limit: int
    after: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of one page and where the next one begins; `next` is None on the last page."""

    rows: Sequence[Row]
    next: Cursor | None


def cut(rows: Iterable[Row], place: Callable[[Row], Cursor], window: Window) -> Page[Row]:
    """One page of a short list that is all at hand: the newest first, then by id.

    `place` gives a row's cursor; no two rows have the same.
    """
    ordered = sorted(rows, key=lambda row: _order(place(row)))
    if window.after is not None:
        last = _order(window.after)
        ordered = [row for row in ordered if _order(place(row)) > last]
    shown = ordered[: window.limit]
    return Page(shown, place(shown[-1]) if len(ordered) > window.limit else None)


def _order(cursor: Cursor) -> tuple[float, str]:
    return -cursor.at, cursor.id
