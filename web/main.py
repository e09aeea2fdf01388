"""One web process: serves a socket that its supervisor opened and hands down.

    python -m web.main DESCRIPTOR

Several processes share one socket, and it stays open while one of them is started again.
"""

import logging
import socket
import sys
from typing import Final

import uvicorn

from harness import config
from harness.services.platform import readiness
from harness.services.publication.desk import open_desk
from web.app import create_app

_BACKLOG: Final = 256
_GRACE_S: Final = 10


def main() -> None:
    """Serve until a signal asks to stop; requests under way are finished first."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    desk = open_desk(config.load())
    try:
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
        server.run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
    finally:
        desk.close()


if __name__ == "__main__":
    main()
