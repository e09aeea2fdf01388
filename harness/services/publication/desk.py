"""The desk: what a process that serves people works with, opened once."""

import logging
from dataclasses import dataclass

from celery import Celery

from harness import queue
from harness.config import Settings
from harness.errors import HarnessError
from harness.services.platform.opening import Platform, open_platform
from harness.services.publication import sequence

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """The opened platform, and the queue that it nudges."""

    platform: Platform
    queue: Celery

    def settle(self) -> None:
        """Log what the last change left in the outbox and move what waited for it.

        The change itself is committed: what fails here is done again by the next sweep.
        """
        try:
            sequence.publish(self.platform, self.queue)
        except HarnessError as error:
            _log.warning("not settled code=%s", error.code)

    def close(self) -> None:
        """Give everything back."""
        self.queue.close()
        self.platform.database.close()


def open_desk(settings: Settings) -> Desk:
    """Open the data folder of this process. Raises Unavailable with the command that helps."""
    return Desk(open_platform(settings), queue.celery(settings))
