"""One page of a query, the newest rows first."""

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from harness.paging import Cursor, Page, Window

Row = TypeVar("Row")
Moment: TypeAlias = InstrumentedAttribute[float] | InstrumentedAttribute[float | None]


def page(
    session: Session,
    query: Select[Row],
    at: Moment,
    row_id: InstrumentedAttribute[str],
    window: Window,
) -> Page[Row]:
    """One page of a query, newest first; `row_id` decides between rows of the same time.

    `at` must have a value in every row that the query finds.
    """
    if window.after is not None:
        query = query.where(_after(at, row_id, window.after))
    ordered = query.order_by(at.desc(), row_id.desc()).limit(window.limit + 1)
    rows = session.scalars(ordered).all()
    if len(rows) <= window.limit:
        return Page(rows, None)
    last = rows[window.limit - 1]
    return Page(rows[: window.limit], Cursor(getattr(last, at.key), getattr(last, row_id.key)))


def _after(at: Moment, row_id: InstrumentedAttribute[str], cursor: Cursor) -> ColumnElement[bool]:
    return or_(at < cursor.at, and_(at == cursor.at, row_id < cursor.id))


def own(query: Select[Row], columns: Mapping[str, str], table: Any) -> Select[Row]:
    """Narrow a query to rows whose named columns have these values."""
    for name, value in columns.items():
        query = query.where(getattr(table, name) == value)
    return query
