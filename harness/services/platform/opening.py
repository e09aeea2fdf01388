"""Opening Assay in a process: settings, database, the server's keys."""

import os
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.config import Settings
from harness.documents import canonical
from harness.documents.signer import KeyInvalid, PrivateKey, generate
from harness.errors import Unavailable
from harness.records.database import Database, check_schema, upgrade
from harness.services.platform import ledgers, logcopy
from harness.services.platform.vault import Vault, new_key
from harness.tlog import trust_root

_STATEMENT_KEY = "statement.pem"
_LOG_KEY = "log.key"
_VAULT_KEY = "vault.key"


class Site(Protocol):
    """What needs no key: any process of this host, the launcher among them."""

    @property
    def settings(self) -> Settings:
        """Settings of this process."""

    @property
    def database(self) -> Database:
        """The records."""

    @property
    def host(self) -> str:
        """Name of this host."""

    @property
    def clock(self) -> Callable[[], float]:
        """Gives seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What services need of the process they run in. `clock` gives seconds since the epoch."""

    settings: Settings
    database: Database
    statement_key: PrivateKey
    log_key: Ed25519PrivateKey
    vault: Vault
    host: str
    clock: Callable[[], float] = time.time

    @property
    def trust_root(self) -> bytes:
        """The bytes that a verifier pins."""
        return trust_root.build(
            self.settings.log_origin,
            self.log_key.public_key().public_bytes_raw(),
            self.statement_key.public.der,
        )

    @property
    def trust_root_digest(self) -> str:
        """Digest of the trust root, for `assay verify --root`."""
        return canonical.digest(self.trust_root)


def initialise(settings: Settings) -> None:
    """Make the data folder and the server's keys, and bring the database up. Idempotent.

    The log's copy is begun where there is none.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.keys_dir.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable(
            f"the data folder cannot be made ({error.strerror}): choose another by ASSAY_DATA_DIR"
        ) from None
    write_secret(settings.keys_dir / _STATEMENT_KEY, generate("p256").to_pem())
    # The log's key is kept raw: a C2SP signed note is made from the 32 bytes themselves.
    write_secret(settings.keys_dir / _LOG_KEY, Ed25519PrivateKey.generate().private_bytes_raw())
    write_secret(settings.keys_dir / _VAULT_KEY, new_key())
    upgrade(settings.database)
    copy_log(settings)


def copy_log(settings: Settings) -> None:
    """Begin the log's copy, unless there is one."""
    database = Database(settings.database)
    try:
        path = logcopy.place(settings)
        if logcopy.tail(path) is None:
            logcopy.begin(path, database)
    finally:
        database.close()


def open_platform(settings: Settings) -> Platform:
    """Open the data folder of this process.

    Raises Unavailable with the command that helps, and IntegrityError when the database is older
    than what this server has signed, or its ledger is behind its log.
    """
    platform = open_unchecked(settings)
    try:
        newest = logcopy.tail(logcopy.place(settings))
        with platform.database.read() as session:
            logcopy.check(session, newest)
            ledgers.check(session, platform.clock())
    except BaseException:
        platform.database.close()
        raise
    return platform


def open_unchecked(settings: Settings) -> Platform:
    """The same, whatever the database holds: for the commands that put it right."""
    try:
        statement = PrivateKey.from_pem((settings.keys_dir / _STATEMENT_KEY).read_bytes())
        log = Ed25519PrivateKey.from_private_bytes((settings.keys_dir / _LOG_KEY).read_bytes())
        vault = Vault((settings.keys_dir / _VAULT_KEY).read_bytes())
    except FileNotFoundError:
        raise Unavailable(
            f"no Assay in {settings.data_dir}: run `assay db upgrade`, or set ASSAY_DATA_DIR"
        ) from None
    except (OSError, KeyInvalid, ValueError):
        raise Unavailable("the server's keys cannot be read; restore them from a backup") from None
    database = Database(settings.database)
    check_schema(database)
    return Platform(settings, database, statement, log, vault, host_name())


def host_name() -> str:
    """What this host is called in records."""
    return socket.gethostname()[:40]


def write_secret(path: Path, content: bytes) -> bool:
    """Write a file only its owner may read, unless it exists. True when it was written.

    Nobody ever sees a part of it: it would be taken for a whole one.
    """
    if path.exists():
        return False
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(partial, path)
    except FileExistsError:
        return False
    finally:
        partial.unlink(missing_ok=True)
    return True
