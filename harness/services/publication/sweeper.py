"""The sweep of a long-lived process: any process that lives ends what a dead one left."""

import logging
import threading
from contextlib import AbstractContextManager
from typing import Final

from harness.errors import HarnessError
from harness.records import platform as rows
from harness.services.platform.background import background
from harness.services.publication import sequence
from harness.services.publication.desk import Desk
from harness.services.publication.tidy import tidy
from harness.services.runs.sweep import sweep

_log = logging.getLogger(__name__)
_OVER: Final = "that is over; going on"


def sweeping(desk: Desk, worker: str = "") -> AbstractContextManager[None]:
    """Sweep every few seconds, in a thread, until the block ends.

    `worker` is the name of a worker that this process keeps alive, to be seen with each sweep.
    A part that is away is said once, and nobody waits for it but this thread.
    """

    def work(ending: threading.Event) -> None:
        said = ""
        while not ending.is_set():
            trouble = sweep_once(desk, worker)
            if trouble != said:
                _log.warning("%s", trouble or _OVER)
            said = trouble
            ending.wait(desk.platform.settings.sweep_s)

    return background("sweep", work)


def sweep_once(desk: Desk, worker: str = "") -> str:
    """One sweep; what stood in its way, empty when nothing did."""
    platform = desk.platform
    try:
        if worker:
            with platform.database.write() as session:
                rows.see_worker(session, worker, platform.clock())
        sweep(platform, desk.queue)
        tidy(platform)
        sequence.publish(platform, desk.queue)
    except HarnessError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - its text may be anything, and the sweep goes on
        return f"the sweep failed: {type(error).__name__}, an error of Assay's own"
    return ""
