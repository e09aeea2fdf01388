"""The reaper: removes what a dead worker left running.

It acts only on containers that carry our owner's label and whose run is known and no longer
live; the caller's records are the truth, the engine's list only where to look. Containers of our
own tools (self-tests, builds) are in no record: they go some time after their own deadline.
"""

import logging
import time
from collections.abc import Callable

from sandbox.container.collector import TOOL_PREFIX
from sandbox.container.runtime import ContainerRuntime

_log = logging.getLogger(__name__)

_TOOL_GRACE_S = 30

IsLive = Callable[[str, int], bool]


def reap(runtime: ContainerRuntime, owner: str, is_live: IsLive) -> list[str]:
    """Remove an owner's containers whose (run, attempt) is not live; their names.

    Raises EngineUnavailable.
    """
    removed = []
    for found in runtime.list(owner):
        run = found.identity.run
        if run.startswith(TOOL_PREFIX):
            if time.time() < found.identity.deadline + _TOOL_GRACE_S:
                continue
        elif is_live(run, found.identity.attempt):
            continue
        runtime.remove(found.id)
        _log.warning("reaped container=%s", found.name)
        removed.append(found.name)
    return removed
