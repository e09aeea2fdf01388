"""Engines, sessions and migrations.

SQLite takes its write lock when a write transaction begins (`BEGIN IMMEDIATE`): with the
driver's default, two transactions that check a ledger and then charge it would both pass.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool, Pool, QueuePool

from harness.errors import Unavailable

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_READ_ONLY = "assay_read_only"
_BUSY_TIMEOUT_MS = 5_000
_AHEAD = "the database is newer than this version: install the newer Assay"


class Database:
    """One engine. `read()` and `write()` give short-lived sessions; services never commit."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url, QueuePool)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _sqlite_connect)
            event.listen(self.engine, "begin", _sqlite_begin)
        self._reader = self.engine.execution_options(**{_READ_ONLY: True})

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits when the block ends, or leaves nothing behind."""
        with (
            _speaking(self.url),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            # SQLAlchemy begins with the first statement; the lock is wanted from here on.
            session.connection()
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view. Whatever the block changes is dropped."""
        with _speaking(self.url), Session(self._reader, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def upgrade(url: str) -> None:
    """Bring the schema to the newest migration. Idempotent.

    Raises Unavailable when it is newer than this code: a schema never goes back.
    """
    database = Database(url)
    try:
        with _speaking(url):
            if (present := _present(database)) is not None and present not in _known():
                raise Unavailable(_AHEAD)
            command.upgrade(_config(url), "head")
    finally:
        database.close()


def check_schema(database: Database) -> None:
    """Raise Unavailable when the schema is behind or ahead of this code."""
    newest = ScriptDirectory.from_config(_config(database.url)).get_current_head()
    with _speaking(database.url):
        present = _present(database)
    if present == newest:
        return
    if present is None:
        raise Unavailable("the database has no tables yet: run `assay db upgrade`")
    if present in _known():
        raise Unavailable("the database is behind this version: run `assay db upgrade`")
    raise Unavailable(_AHEAD)


def _present(database: Database) -> str | None:
    """The newest migration that a database has seen."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _known() -> set[str]:
    """Every migration that this code has."""
    return {item.revision for item in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def migration_engine(url: str) -> Engine:
    """An engine for one migration.

    On SQLite a table is changed by building it anew, which its foreign keys must not notice.
    """
    engine = _engine(url, NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _driver_autocommit)
        event.listen(engine, "begin", _sqlite_begin)
    return engine


def _engine(url: str, pool: type[Pool]) -> Engine:
    try:
        return create_engine(url, poolclass=pool, hide_parameters=True)
    except ModuleNotFoundError:
        kind = url.partition(":")[0].partition("+")[0]
        raise Unavailable(
            f"the {kind} database needs a driver: install `psycopg[binary]`"
        ) from None


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


@contextmanager
def _speaking(url: str) -> Iterator[None]:
    """Turn the driver's failures into sentences without statement or parameters."""
    try:
        yield
    except (IntegrityError, ProgrammingError):
        # Faults of our own code, not of the database.
        raise
    except DatabaseError as error:
        raise Unavailable(_sentence(url.partition(":")[0], str(error.orig).lower())) from None


def _sentence(kind: str, reason: str) -> str:
    if "disk is full" in reason or "disk i/o" in reason or "no space left" in reason:
        return (
            f"the disk of the {kind} database is full; nothing was written: free space, "
            "then try again"
        )
    if "unable to open" in reason or "readonly" in reason:
        return (
            f"the {kind} database cannot be opened: check its folder, or run "
            "`assay db upgrade` to make it"
        )
    if "malformed" in reason or "not a database" in reason:
        return f"the {kind} database is damaged: restore it from a backup"
    if "locked" in reason:
        return f"the {kind} database is busy; try again"
    return f"the {kind} database does not answer; see `assay doctor`"


def _driver_autocommit(connection: Any, _record: object) -> None:
    # Else the driver begins transactions by itself, too late and never for a CREATE TABLE.
    connection.isolation_level = None


def _sqlite_connect(connection: Any, record: object) -> None:
    _driver_autocommit(connection, record)
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
        "synchronous=FULL",
        # What a run leaves in freed pages must not outlive it.
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def dialect(engine: Engine) -> str:
    """Name of the database in use: `sqlite` or `postgresql`."""
    return engine.dialect.name
