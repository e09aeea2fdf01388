"""Work beside the work of a process: one thread that ends with the block, or is left behind."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_END_S: Final = 5.0


@contextmanager
def background(name: str, work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run `work` in a thread until the block ends; it returns soon after its event is set."""
    ending = threading.Event()
    thread = threading.Thread(target=work, args=(ending,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        # One that hangs, on an engine that does not answer, must not hold up an end.
        thread.join(_END_S)
