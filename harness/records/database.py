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
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from harness.errors import Unavailable

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_READ_ONLY = "assay_read_only"
_BUSY_TIMEOUT_MS = 5_000


class Database:
    """One engine. `read()` and `write()` give short-lived sessions; services never commit."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = create_engine(url)
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
    """Bring the schema to the newest migration. Idempotent."""
    with _speaking(url):
        command.upgrade(_config(url), "head")


def check_schema(database: Database) -> None:
    """Raise Unavailable when the schema is behind or ahead of this code."""
    newest = ScriptDirectory.from_config(_config(database.url)).get_current_head()
    with _speaking(database.url), database.engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present == newest:
        return
    if present is None:
        raise Unavailable("the database has no tables yet: run `assay db upgrade`")
    known = {item.revision for item in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if present in known:
        raise Unavailable("the database is behind this version: run `assay db upgrade`")
    raise Unavailable("the database is newer than this version: install the newer Assay")


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


@contextmanager
def _speaking(url: str) -> Iterator[None]:
    """Turn the driver's operational errors into sentences without statement or parameters."""
    try:
        yield
    except OperationalError as error:
        reason = str(error.orig).lower()
        kind = url.partition(":")[0]
        if "disk is full" in reason or "disk i/o" in reason or "no space left" in reason:
            raise Unavailable(
                f"the disk of the {kind} database is full; nothing was written: free space, "
                "then try again"
            ) from None
        if "unable to open" in reason or "readonly" in reason:
            raise Unavailable(
                f"the {kind} database cannot be opened: check its folder, or run "
                "`assay db upgrade` to make it"
            ) from None
        if "locked" in reason:
            raise Unavailable(f"the {kind} database is busy; try again") from None
        raise Unavailable(f"the {kind} database does not answer; see `assay doctor`") from None


def _sqlite_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None
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
