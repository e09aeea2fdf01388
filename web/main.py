"""One web process: serves a socket that its supervisor opened and hands down.

    python -m harness.starting web.main DESCRIPTOR SUPERVISOR

Several processes share one socket, and it stays open while one of them is started again.
"""

import logging
import signal
import socket
import sys
from types import FrameType
from typing import Final

import uvicorn

from harness import config
from harness.errors import HarnessError
from harness.services.platform import logs, parent, readiness
from harness.services.publication.desk import Desk, open_desk
from web.app import create_app

_log = logging.getLogger(__name__)
_BACKLOG: Final = 256
_GRACE_S: Final = 10


def main() -> None:
    """Serve until a signal asks to stop; requests under way are finished first."""
    descriptor, supervisor = map(int, sys.argv[1:])
    # In force until the server takes signals over, and after it has let the last request go.
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    parent.follow(supervisor, signal.SIGTERM)
    logs.begin("web")
    try:
        desk = open_desk(config.load())
    except HarnessError as error:
        _log.error("%s", error)
        sys.exit(error.exit_status)
    try:
        _serve(desk, descriptor)
    finally:
        desk.close()


def _serve(desk: Desk, descriptor: int) -> None:
    app = create_app(desk, readiness.checks(desk.platform, desk.queue))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )
    server.run(sockets=[socket.socket(fileno=descriptor)])


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
