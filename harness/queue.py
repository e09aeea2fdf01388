"""The queue: a message is only a nudge, the row is the truth.

Messages carry a run id and nothing else. A message that is lost is sent again by the sweep;
one that arrives twice finds the row already moved.
"""

import json
import logging
import secrets
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from queue import Empty
from typing import Any, Final

from celery import Celery
from kombu.connection import Connection
from kombu.exceptions import OperationalError
from kombu.transport import TRANSPORT_ALIASES, filesystem, virtual
from sqlalchemy import event
from sqlalchemy.orm import Session

from harness.config import Settings
from harness.errors import Unavailable

RUN_TASK = "assay.run"
_POLL_S: Final = 0.05
_SCHEME: Final = "assay-folder"
_QUEUE: Final = "assay"
# A broker that is gone without a word is missed after two of these.
_HEARTBEAT_S: Final = 20
# A request waits for a nudge; each step of one may take so long, and is tried once.
_HURRY_S: Final = 1
_HURRY: Final = {
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
    "connect_retries_timeout": _HURRY_S,
    # Redis; then RabbitMQ, which also may take a message and never say goodbye.
    "socket_timeout": _HURRY_S,
    "socket_connect_timeout": _HURRY_S,
    "read_timeout": _HURRY_S,
    "write_timeout": _HURRY_S,
}
_log = logging.getLogger(__name__)


class FolderChannel(filesystem.Channel):
    """Messages as files of one private folder, each of them whole or absent.

    Kombu's own writes a message in place and dies of one that is half written: a full disk or
    an unlucky moment would take a worker down with everything it runs.
    """

    # Bindings live in memory: every process declares the one queue before it uses it.
    supports_fanout = False
    get_table = virtual.Channel.get_table

    # Kombu's own two bases disagree about the second name.
    def _put(self, queue: str, payload: object, **_: object) -> None:  # type: ignore[override]
        name = f"{time.time_ns():020}-{secrets.token_hex(8)}.{queue}.msg"
        partial_file = Path(self.data_folder_out, f".{name}")
        try:
            partial_file.write_text(json.dumps(payload))
            partial_file.rename(partial_file.with_name(name))
        except OSError:
            partial_file.unlink(missing_ok=True)
            raise OperationalError("the queue's folder cannot be written") from None

    def _get(self, queue: str, *_: object, **__: object) -> dict[str, Any]:
        folder = Path(self.data_folder_in)
        waiting = (path for path in folder.iterdir() if path.name.endswith(f".{queue}.msg"))
        for path in sorted(path for path in waiting if not path.name.startswith(".")):
            taken = folder / f".{secrets.token_hex(8)}.taken"
            try:
                # Of several workers one succeeds; the others go on to the next message.
                path.rename(taken)
                content = taken.read_bytes()
                taken.unlink()
            except OSError:
                continue
            if (payload := self._read(content)) is not None:
                return payload
            _log.warning("message dropped: it is not one of ours")
        raise Empty

    def _read(self, content: bytes) -> dict[str, Any] | None:
        """A message that Kombu can deliver; nothing else may reach its main loop."""
        try:
            payload: dict[str, Any] = json.loads(content)
            self.Message(payload, channel=self)  # type: ignore[no-untyped-call]
        except (ValueError, TypeError, LookupError, AttributeError):
            return None
        return payload


class FolderTransport(filesystem.Transport):
    """The embedded broker: needs no server and keeps nothing but run ids."""

    Channel = FolderChannel


TRANSPORT_ALIASES[_SCHEME] = f"{__name__}:FolderTransport"


def celery(settings: Settings) -> Celery:
    """The Celery application on the broker in force; results are switched off."""
    app = Celery("assay", set_as_current=False)
    app.conf.update(
        broker_url=settings.broker_url or f"{_SCHEME}://localhost",
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_default_queue=_QUEUE,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        # A worker outlives its broker: runs go on, and messages come again once it is back.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # RabbitMQ closes the channel of a worker that is busy for longer than half an hour.
        broker_channel_error_retry=True,
        broker_heartbeat=_HEARTBEAT_S,
        # A nudge must never hold a request up: the sweep repeats it.
        task_publish_retry=False,
    )
    if not settings.broker_url:
        folder = _messages(settings)
        app.conf.broker_transport_options = {
            "data_folder_in": str(folder),
            "data_folder_out": str(folder),
            "polling_interval": _POLL_S,
        }
    return app


def _messages(settings: Settings) -> Path:
    folder = settings.queue_dir / "messages"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable(f"the queue's folder cannot be made ({error.strerror})") from None
    return folder


def nudge(app: Celery, run_id: str) -> bool:
    """Tell a worker to look at a run. False when the broker does not answer within moments."""
    try:
        with _hurried(app) as connection:
            app.send_task(RUN_TASK, args=(run_id,), connection=connection)
    except Exception as error:  # noqa: BLE001 - the row is written; no broker may undo that
        _log.warning("nudge not sent kind=%s", type(error).__name__)
        return False
    return True


def nudge_again(app: Celery, run_ids: Sequence[str]) -> bool:
    """Tell workers once more to look at runs that wait; False as for `nudge`.

    Sends nothing while as many messages wait as runs: a sweep that repeats itself for hours must
    not fill the broker.
    """
    if not run_ids:
        return True
    try:
        with _hurried(app) as connection:
            if _waiting(app, connection) >= len(run_ids):
                return True
            for run_id in run_ids:
                app.send_task(RUN_TASK, args=(run_id,), connection=connection)
    except Exception as error:  # noqa: BLE001 - the next sweep tries again
        _log.warning("nudge not sent kind=%s", type(error).__name__)
        return False
    return True


def answers(app: Celery) -> bool:
    """Whether the broker takes messages now; an answer that takes longer than moments is none."""
    try:
        with _hurried(app) as connection:
            _waiting(app, connection)
            if connection.transport_cls == _SCHEME:
                _try_folder(Path(app.conf.broker_transport_options["data_folder_out"]))
    except Exception:  # noqa: BLE001 - whatever it is, there is no answer
        return False
    return True


def _waiting(app: Celery, connection: Connection) -> int:
    """How many messages wait; makes the queue when it is not there."""
    # Any other channel than the default one would connect with patience.
    queue = app.amqp.queues[_QUEUE](connection.default_channel)
    return int(queue.queue_declare().message_count)


def _hurried(app: Celery) -> Connection:
    """A connection of its own that gives up soon: nothing shared with a fork, nothing stale."""
    connection: Connection = app.connection_for_write(
        connect_timeout=_HURRY_S, transport_options=_HURRY
    )
    return connection


def _try_folder(folder: Path) -> None:
    """Raise OSError unless a file can be written there."""
    probe = folder / f".{secrets.token_hex(8)}.probe"
    try:
        probe.write_bytes(b"?")
    finally:
        probe.unlink(missing_ok=True)


def nudge_after_commit(session: Session, app: Celery, run_id: str) -> None:
    """Nudge once this transaction has committed, and only then."""
    event.listen(session, "after_commit", partial(_committed, app, run_id), once=True)


def _committed(app: Celery, run_id: str, _session: Session) -> None:
    nudge(app, run_id)
