"""The sweep of a web process: any process that lives ends what a dead one left."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from harness.services.publication.desk import Desk


@contextmanager
def sweeping(desk: Desk) -> Iterator[None]:
    """Sweep every few seconds, in a thread, until the block ends."""
    ending = threading.Event()

    def work() -> None:
        while not ending.wait(desk.platform.settings.sweep_s):
            desk.sweep()

    thread = threading.Thread(target=work, name="sweep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
