"""A PostgreSQL of the test's own, from the programs of Debian's package."""

import contextlib
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.support.missing import missing
from tests.support.servers.process import HOST, PASSWORD, USER, WITH_US, Server, folder, free_port

_BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
# A process that is killed loses nothing that the kernel has: only a power failure would.
_OPTIONS = ("fsync=off", "full_page_writes=off", "unix_socket_directories=")
_TEMPLATE = "CREATE DATABASE {name} TEMPLATE {template}"


class PostgreSQL(Server):
    """One cluster. `url` names its maintenance database; tests take `fresh` ones."""

    def fresh(self, template: str = "template0") -> str:
        """Make a database as `template` is and return its URL; nobody may be connected there."""
        name = f"test_{secrets.token_hex(6)}"
        self.execute(_TEMPLATE.format(name=name, template=template.rpartition("/")[2]))
        return f"{self.url.rpartition('/')[0]}/{name}"

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def execute(self, statement: str) -> list[tuple]:
        """Run one statement as the owner of the cluster; its rows."""
        address = self.url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def postgresql(*options: str) -> Iterator[PostgreSQL]:
    """A running cluster; each of `options` is a setting as in `max_connections=10`."""
    if not _BIN:
        missing("PostgreSQL is not installed; deploy/bootstrap/servers.sh installs it")
    # It refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    # Whoever becomes somebody else is no longer told of a parent's end, unless it is asked again.
    become = (*WITH_US, f"--reuid={user}", f"--regid={user}", "--clear-groups") if user else ()
    with folder("postgresql", user) as home:
        port, data = free_port(), home / "data"
        (home / "password").write_text(PASSWORD)
        (home / "password").chmod(0o644)
        initdb = (
            *(*become, str(_BIN[-1] / "initdb"), f"--pgdata={data}", "--no-sync"),
            *(f"--username={USER}", f"--pwfile={home / 'password'}", "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C"),
        )
        subprocess.run(initdb, cwd=home, check=True, capture_output=True)
        address = (f"listen_addresses={HOST}", f"port={port}")
        settings = [part for each in (*address, *_OPTIONS, *options) for part in ("-c", each)]
        command = (*become, str(_BIN[-1] / "postgres"), "-D", str(data), *settings)
        url = f"postgresql+psycopg://{USER}:{PASSWORD}@{HOST}:{port}/postgres"
        server = PostgreSQL(url, home, command, lambda: _answers(url))
        with server.running():
            yield server


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url.replace("+psycopg", ""), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
