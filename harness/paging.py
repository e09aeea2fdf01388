"""Pages of a long list, by cursor: what was asked for, and what came."""

from collections.abc import Sequence
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
