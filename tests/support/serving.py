"""A web application on a port of its own, for clients that need a network."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from tests.support.waiting import until


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket on a free loopback port, for an application that must know its address first."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        yield door


def address(door: socket.socket) -> str:
    """The URL of what is served there."""
    return f"http://127.0.0.1:{door.getsockname()[1]}"


@contextmanager
def serving(app: Any, door: socket.socket) -> Iterator[str]:
    """Serve an application in a thread until the block ends; its URL."""
    config = uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([door],), name="web")
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive(), 60, "the web application starts")
        assert thread.is_alive(), "the web application ended at once"
        yield address(door)
    finally:
        server.should_exit = True
        thread.join(30)
