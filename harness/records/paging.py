"""One page of a query, the newest rows first."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Integer, Select, and_, bindparam, or_
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
    asked = prepared(query, at, row_id, after=window.after is not None)
    return cut(session.scalars(asked, places(window)).all(), window, at.key, row_id.key)


def prepared(
    query: Select[Row], at: Moment, row_id: InstrumentedAttribute[str], *, after: bool
) -> Select[Row]:
    """The query of any page, or of any but the first; `places` says which page it is."""
    if after:
        last_at: Any = bindparam("after_at")
        last_id: Any = bindparam("after_id")
        query = query.where(or_(at < last_at, and_(at == last_at, row_id < last_id)))
    return query.order_by(at.desc(), row_id.desc()).limit(bindparam("most", type_=Integer))


def places(window: Window) -> dict[str, Any]:
    """What a prepared query is asked with; one row more than wanted tells of a next page."""
    most = {"most": window.limit + 1}
    after = window.after
    return most if after is None else {**most, "after_at": after.at, "after_id": after.id}


def cut(rows: Sequence[Row], window: Window, at: str, row_id: str) -> Page[Row]:
    """A page of what a prepared query found; `at` and `row_id` name its order's attributes."""
    if len(rows) <= window.limit:
        return Page(rows, None)
    last = rows[window.limit - 1]
    return Page(rows[: window.limit], Cursor(getattr(last, at), getattr(last, row_id)))


def own(query: Select[Row], columns: Mapping[str, str], table: Any) -> Select[Row]:
    """Narrow a query to rows whose named columns have these values."""
    for name, value in columns.items():
        query = query.where(getattr(table, name) == value)
    return query
