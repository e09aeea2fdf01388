"""Opening the launcher's process: settings and records, without any key of the server's."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.config import Settings
from harness.errors import InvalidInput, Unavailable
from harness.records.database import Database, check_schema
from harness.services.platform.opening import host_name


@dataclass(frozen=True, slots=True)
class Office:
    """What the launcher knows: a `Site`. It reads runs, and writes results of self-tests."""

    settings: Settings
    database: Database
    host: str
    clock: Callable[[], float] = time.time


def open_office(settings: Settings) -> Office:
    """Open the records. Raises InvalidInput without a socket, Unavailable without records."""
    if not settings.launcher:
        raise InvalidInput(
            "ASSAY_LAUNCHER: name the socket to listen on, for example "
            "/run/assay-launcher/launcher.sock, the same for worker and web"
        )
    if not settings.database_url and not Path(settings.data_dir, "assay.sqlite3").exists():
        # Opening it would make an empty one, as another user than its owner.
        raise Unavailable(f"no Assay in {settings.data_dir}: run `assay db upgrade` first")
    database = Database(settings.database)
    check_schema(database)
    return Office(settings, database, host_name())
