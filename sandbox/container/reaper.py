"""The reaper: removes what a dead worker left running.

It acts only on containers that carry our owner's label and whose run is known: the caller's
records are the truth, the engine's list only where to look. Of a known run goes what is not live,
and what has outlived its own deadline. A run that is in no record may be of another database in
the same place: its container is named and left alone. Containers of our own tools (self-tests,
builds) are in no record: they go some time after their own deadline.
"""

import logging
import time
from collections.abc import Callable

from sandbox.container.collector import TOOL_PREFIX
from sandbox.container.runtime import ContainerRuntime, Found
from sandbox.errors import EngineUnavailable, PlatformFault

_log = logging.getLogger(__name__)

# A session ends its own container at its deadline; this is for one that does not.
_GRACE_S = 30

# Whether a run's attempt may have a container now; None when the run is in no record.
IsLive = Callable[[str, int], bool | None]


def reap(runtime: ContainerRuntime, owner: str, is_live: IsLive) -> list[str]:
    """Remove an owner's containers that should not be there any more; their names.

    One that the engine does not remove keeps no other. Raises EngineUnavailable.
    """
    removed = []
    for found in runtime.list(owner):
        if not _is_left(found, is_live):
            continue
        try:
            runtime.remove(found.id)
        except EngineUnavailable:
            raise
        except PlatformFault as fault:
            _log.warning("not reaped container=%s code=%s", found.name, fault.code)
            continue
        _log.warning("reaped container=%s", found.name)
        removed.append(found.name)
    return removed


def is_tool(found: Found) -> bool:
    """Whether it is a container of our own tools and of no run."""
    return found.identity.run.startswith(TOOL_PREFIX)


def _is_left(found: Found, is_live: IsLive) -> bool:
    late = time.time() > found.identity.deadline + _GRACE_S
    if is_tool(found):
        return late
    live = is_live(found.identity.run, found.identity.attempt)
    if live is None:
        _log.warning("left alone container=%s: its run is in no record", found.name)
        return False
    return late or not live
