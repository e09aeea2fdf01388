"""Whether the parts that a serving process needs work now; each check is quick."""

from collections.abc import Callable, Mapping

from celery import Celery

from harness.errors import HarnessError
from harness.records.database import check_schema
from harness.services.platform.opening import Platform


def checks(platform: Platform, _app: Celery) -> Mapping[str, Callable[[], bool]]:
    """Name of a part to a function that answers whether it works."""
    return {"database": lambda: _database(platform)}


def _database(platform: Platform) -> bool:
    try:
        check_schema(platform.database)
    except HarnessError:
        return False
    return True
