"""Engines for both databases: how a connection is made, and what begins a transaction.

One transaction writes at a time, on either database, and it excludes the others from its first
moment on: what it has read stays true until it commits. SQLite has such a lock (`BEGIN
IMMEDIATE`; with the driver's default, two transactions that check a ledger and then charge it
would both pass), PostgreSQL an advisory one: docs/adr/0004. Readers wait for nobody.
"""

import sqlite3
import time
from functools import partial
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool, QueuePool

from harness.errors import Unavailable

READ_ONLY: Final = "assay_read_only"
BUSY_MS: Final = 5_000
# The one writer's lock; a number that other programs in the same database do not use.
_ONE_WRITER: Final = 0x41535341_59000001
_CONNECT_S: Final = 5
_AGAIN_S: Final = 0.01
_PRIMARY: Final = 0xFF  # of an extended result code of SQLite
_LONG_MS: Final = 3_600_000
# A writer that hangs or whose host is gone must not keep the others waiting for longer.
_IDLE_MS: Final = 30_000
_KEEPALIVE: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4}


def kind(url: str) -> str:
    """The database's name for people: `sqlite` or `postgresql`."""
    return url.partition(":")[0].partition("+")[0]


def engine(url: str, *, busy_ms: int = BUSY_MS) -> Engine:
    """An engine with a pool that drops connections which have died.

    A transaction waits at most `busy_ms` milliseconds for another one. Raises Unavailable when
    the URL makes no sense or its driver is missing.
    """
    made = _create(url, busy_ms, poolclass=QueuePool, pool_timeout=busy_ms / 1000)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", partial(_sqlite_connect, busy_ms))
    event.listen(made, "begin", _begin)
    return made


def reader(made: Engine) -> Engine:
    """The same engine for transactions that only read, each of them one moment's view."""
    if made.dialect.name == "sqlite":
        return made.execution_options(**{READ_ONLY: True})
    return made.execution_options(isolation_level="REPEATABLE READ", **{READ_ONLY: True})


def migration_engine(url: str) -> Engine:
    """An engine for one migration, which waits for other writers for as long as they take.

    On SQLite a table is changed by building it anew, which its foreign keys must not notice.
    """
    made = _create(url, 0, poolclass=NullPool)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _migration_connect)
    event.listen(made, "begin", _begin)
    return made


def _create(url: str, busy_ms: int, **options: Any) -> Engine:
    try:
        address = make_url(url)
        if kind(url) == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
            options["connect_args"] = _postgresql_arguments(address, busy_ms)
            options["pool_pre_ping"] = options["poolclass"] is QueuePool
        return create_engine(address, hide_parameters=True, **options)
    except ModuleNotFoundError:
        raise Unavailable(
            f"the {kind(url)} database needs a driver: install `psycopg[binary]`"
        ) from None
    except (ArgumentError, ValueError):
        raise Unavailable(
            "ASSAY_DATABASE_URL is no URL of a database: write "
            "postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE"
        ) from None


def _postgresql_arguments(address: URL, busy_ms: int) -> dict[str, object]:
    """What every connection is made with; the URL's own `options` stay in force."""
    given = address.query.get("options", ())
    options = [given] if isinstance(given, str) else list(given)
    options += [f"-c lock_timeout={busy_ms}", f"-c idle_in_transaction_session_timeout={_IDLE_MS}"]
    return {
        "connect_timeout": _CONNECT_S,
        "client_encoding": "utf8",
        "application_name": "assay",
        "options": " ".join(options),
        **_KEEPALIVE,
    }


def _driver_autocommit(connection: Any, _record: object) -> None:
    # Else the driver begins transactions by itself, too late and never for a CREATE TABLE.
    connection.isolation_level = None


def _migration_connect(connection: Any, record: object) -> None:
    _driver_autocommit(connection, record)
    connection.execute(f"PRAGMA busy_timeout={_LONG_MS}")


def _sqlite_connect(busy_ms: int, connection: Any, record: object) -> None:
    _driver_autocommit(connection, record)
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={busy_ms}")
    _write_ahead(cursor, busy_ms)
    for pragma in (
        "foreign_keys=ON",
        "synchronous=FULL",
        # What a run leaves in freed pages must not outlive it.
        "secure_delete=ON",
        # The beginning of an id is looked for as PostgreSQL does it.
        "case_sensitive_like=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: Any, busy_ms: int) -> None:
    """Readers wait for nobody.

    The switch is stored in the file. Two that open a new one at once would each wait for the
    other, so SQLite refuses one of them at once, whatever its timeout; the next time it is done.
    """
    end = time.monotonic() + busy_ms / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & _PRIMARY == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > end:
                raise
            time.sleep(_AGAIN_S)
        else:
            return


def _begin(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
    elif not read_only:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ONE_WRITER})")
