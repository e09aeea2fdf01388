"""Counting what a request asks of the database, so that a page keeps to its number of queries."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from harness.records.database import Database


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that run inside the block, transactions' own aside."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_):
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
