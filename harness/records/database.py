"""Sessions, and the schema they need."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.orm import Session

from harness.errors import Unavailable
from harness.records import engines
from harness.records.failures import speaking

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
CREATE = "`createdb --template=template0 --encoding=UTF8 --locale=C --owner=USER NAME`"
_AHEAD = "the database is newer than this version: install the newer Assay"


class Database:
    """One engine. `read()` and `write()` give short-lived sessions; services never commit."""

    def __init__(self, url: str, *, busy_ms: int = engines.BUSY_MS) -> None:
        self.url = url
        self.kind = engines.kind(url)
        self.engine = engines.engine(url, busy_ms=busy_ms)
        self._reader = engines.reader(self.engine)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits when the block ends, or leaves nothing behind.

        No other transaction writes while it lasts, so what it reads stays true.
        """
        with (
            speaking(self.kind),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            # SQLAlchemy begins with the first statement; the lock is wanted from here on.
            session.connection()
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view. Whatever the block changes is dropped."""
        with speaking(self.kind), Session(self._reader, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def upgrade(url: str) -> None:
    """Bring the schema to the newest migration. Idempotent, also when several do it at once.

    Raises Unavailable when it is newer than this code: a schema never goes back.
    """
    database = Database(url)
    try:
        if (present := _present(database)) is not None and present not in _known():
            raise Unavailable(_AHEAD)
        _check_encoding(database)
        with speaking(database.kind):
            command.upgrade(_config(url), "head")
    finally:
        database.close()


def check_schema(database: Database) -> None:
    """Raise Unavailable when the schema is behind or ahead of this code."""
    newest = ScriptDirectory.from_config(_config(database.url)).get_current_head()
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
    with database.read() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def _check_encoding(database: Database) -> None:
    """Else the first name that it cannot write would fail, months later."""
    if database.kind != "postgresql":
        return
    with database.read() as session:
        encoding = session.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise Unavailable(f"the database is in {encoding}: make it anew with {CREATE}")


def _known() -> set[str]:
    """Every migration that this code has."""
    return {item.revision for item in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config
