"""Waiting in tests: for something to become true, with a deadline; never for time to pass."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_LOOK_S = 0.05


def until(predicate: Callable[[], T], seconds: float, what: str) -> T:
    """Ask until the answer is true and return it. Raises AssertionError naming `what`."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        pause.wait(_LOOK_S)
