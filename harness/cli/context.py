"""What commands on a data folder share: the opened platform, and who acts on it."""

from collections.abc import Iterator
from contextlib import contextmanager

from harness import config, queue
from harness.services.access import Actor
from harness.services.parties import registry
from harness.services.platform.opening import Platform, open_platform
from harness.services.publication import sequence


@contextmanager
def opened() -> Iterator[Platform]:
    """The platform of this process's settings, closed afterwards."""
    platform = open_platform(config.load())
    try:
        yield platform
    finally:
        platform.database.close()


def actor(platform: Platform, name: str) -> Actor:
    """The registered organisation that acts."""
    with platform.database.read() as session:
        return registry.actor(session, name)


def operator(platform: Platform) -> Actor:
    """Whoever may run commands on this data folder is its operator."""
    return Actor(platform.settings.operator, "operator")


def settle(platform: Platform) -> None:
    """Log what the last command left in the outbox, and nudge workers about what moved."""
    sequence.publish(platform, queue.celery(platform.settings))
