"""The queue: a message is only a nudge, the row is the truth.

Messages carry a run id and nothing else. A message that is lost is sent again by the sweep;
one that arrives twice finds the row already moved.
"""

import logging
from functools import partial

from celery import Celery
from kombu.exceptions import KombuError
from sqlalchemy import event
from sqlalchemy.orm import Session

from harness.config import Settings

RUN_TASK = "assay.run"
_POLL_S = 0.05
_log = logging.getLogger(__name__)


def celery(settings: Settings) -> Celery:
    """The Celery application on the broker in force; results are switched off."""
    app = Celery("assay", set_as_current=False)
    app.conf.update(
        broker_url=settings.broker_url or "filesystem://",
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_default_queue="assay",
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        # A nudge must never hold a request up: the sweep repeats it.
        task_publish_retry=False,
    )
    if not settings.broker_url:
        folder = settings.queue_dir
        for name in ("messages", "control"):
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        app.conf.broker_transport_options = {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
            "polling_interval": _POLL_S,
        }
    return app


def nudge(app: Celery, run_id: str) -> bool:
    """Tell a worker to look at a run. False when the broker does not answer."""
    try:
        app.send_task(RUN_TASK, args=(run_id,))
    except (KombuError, OSError):
        _log.warning("nudge not sent: the broker does not answer")
        return False
    return True


def nudge_after_commit(session: Session, app: Celery, run_id: str) -> None:
    """Nudge once this transaction has committed, and only then."""
    event.listen(session, "after_commit", partial(_committed, app, run_id), once=True)


def _committed(app: Celery, run_id: str, _session: Session) -> None:
    nudge(app, run_id)
