"""A copy of an embedded database while others write to it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from harness.errors import IntegrityError, Unavailable
from harness.records.database import Database
from harness.records.failures import speaking


def copy(database: Database, target: Path) -> None:
    """Write one moment's state into a new file of its own, without a log beside it.

    SQLite's online backup: writers go on meanwhile. Raises Unavailable, or IntegrityError when
    the database is damaged.
    """
    try:
        with (
            speaking(database.kind),
            closing(database.engine.raw_connection()) as borrowed,
            closing(sqlite3.connect(target)) as made,
        ):
            source = borrowed.driver_connection
            if not isinstance(source, sqlite3.Connection):
                raise TypeError
            source.backup(made)
            made.execute("PRAGMA journal_mode=DELETE")
            found = made.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error:
        raise Unavailable(
            "the database cannot be copied: is there space beside the backup's file?"
        ) from None
    if found != ("ok",):
        raise IntegrityError("the database is damaged: restore it from an earlier backup")
