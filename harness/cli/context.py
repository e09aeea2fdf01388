"""What commands share: the opened platform, who acts, reading files and keys."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from celery import Celery

from harness import config, queue
from harness.documents.signer import KeyInvalid, PrivateKey
from harness.errors import InvalidInput
from harness.services.access import Actor
from harness.services.parties import registry
from harness.services.platform.opening import Platform, open_platform
from harness.services.publication import sequence

Org = Annotated[str, typer.Option("--org", help="Organisation that acts.", metavar="NAME")]
KeyFile = Annotated[
    Path, typer.Option("--key", help="Private key of the organisation (PEM).", metavar="FILE")
]


@contextmanager
def opened() -> Iterator[Platform]:
    """The platform of this process's settings, closed afterwards."""
    platform = open_platform(config.load())
    try:
        yield platform
    finally:
        platform.database.close()


def sender(platform: Platform) -> Celery:
    """The queue to nudge workers through."""
    return queue.celery(platform.settings)


def actor(platform: Platform, name: str) -> Actor:
    """The registered organisation that acts."""
    with platform.database.read() as session:
        return registry.actor(session, name)


def operator(platform: Platform) -> Actor:
    """Whoever may run commands on this data folder is its operator."""
    return Actor(platform.settings.operator, "operator")


def settle(platform: Platform) -> None:
    """Log what the last command left in the outbox, and move what waited for it."""
    sequence.publish(platform, sender(platform))


def read(path: Path) -> bytes:
    """A file's bytes; `-` is standard input. Raises InvalidInput."""
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from None


def write(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all. Raises InvalidInput."""
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InvalidInput(f"{path}: {error.strerror}") from None


def private_key(path: Path) -> PrivateKey:
    """A party's key. Raises InvalidInput."""
    try:
        return PrivateKey.from_pem(read(path))
    except KeyInvalid as error:
        raise InvalidInput(f"{path}: {error}") from None
