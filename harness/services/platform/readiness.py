"""Whether the parts that a serving process needs work now; each check takes moments.

The container engine is none of them: pages are served without it, and runs wait.
"""

from collections.abc import Callable, Mapping

from celery import Celery

from harness import queue
from harness.errors import HarnessError
from harness.records.database import check_schema
from harness.services.platform import sequencer
from harness.services.platform.opening import Platform


def checks(platform: Platform, app: Celery) -> Mapping[str, Callable[[], bool]]:
    """Name of a part to a function that answers whether it works."""
    return {
        "database": lambda: _works(lambda: check_schema(platform.database)),
        "broker": lambda: queue.answers(app),
        "log": lambda: _works(lambda: _log(platform)),
    }


def _log(platform: Platform) -> None:
    with platform.database.read() as session:
        sequencer.check_head(session, platform)


def _works(look: Callable[[], None]) -> bool:
    try:
        look()
    except HarnessError:
        return False
    return True
