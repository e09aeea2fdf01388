"""The worker: Celery tasks of a few lines. A task takes a run's id and returns nothing.

    python -m harness.starting harness.worker [OPTION …] worker [OPTION …]

The options are Celery's.
"""

import logging
import signal
import sys
import warnings
from typing import Any

from celery import Celery
from celery.bin.celery import celery as program
from celery.platforms import SecurityWarning
from celery.signals import worker_init, worker_process_init

from harness import config, queue
from harness.errors import HarnessError
from harness.services.platform import parent
from harness.services.platform.opening import Platform, open_platform
from harness.services.publication import sequence
from harness.services.release import execute

_log = logging.getLogger(__name__)
_settings = config.load()
app: Celery = queue.celery(_settings)
# Only root may give a run directory to the run's own user; `assay doctor` says so once.
warnings.simplefilter("ignore", SecurityWarning)
_opened: dict[str, Platform] = {}


@worker_init.connect
def _follow_supervisor(sender: Any, **_: object) -> None:
    """The worker stops when its supervisor dies, however it dies."""
    # The worker is named by its supervisor's process id.
    supervisor = sender.hostname.partition("@")[0]
    if supervisor.isdecimal():
        parent.follow(int(supervisor), signal.SIGTERM)


@worker_process_init.connect
def _begin(**_: object) -> None:
    """A forked process ends with its parent and must not share its connections."""
    parent.end_with_parent(signal.SIGKILL)
    _opened.clear()


@app.task(name=queue.RUN_TASK)
def run(*names: object, **_: object) -> None:
    """Carry one run to its end; a message about anything else changes nothing."""
    if len(names) != 1 or not isinstance(run_id := names[0], str):
        _log.warning("message ignored: it names no run")
        return
    try:
        platform = _opened.get("platform")
        if platform is None:
            platform = _opened["platform"] = open_platform(_settings)
        execute.execute(platform, run_id)
        sequence.publish(platform, app)
    except HarnessError as error:
        # The row stays as it is: its lease runs out, and a sweep ends it.
        _log.warning("task ended early", extra={"run": run_id[:16], "code": error.code})
    except Exception as error:  # noqa: BLE001 - the task queue would print its text, whatever it is
        _log.error("task failed", extra={"run": run_id[:16], "kind": type(error).__name__})


def main() -> None:
    """Be the worker's main process until a signal asks to stop."""
    program(["--app", "harness.worker:app", *sys.argv[1:]])
