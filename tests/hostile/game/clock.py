"""Time that passes when a suite says so: seconds, deadlines and timers without waiting.

Stands in for the event loop of the gateway's process. Nothing of the gateway awaits; it asks its
loop for the time, for a timer and for a future.
"""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count


class Timer:
    """One call to be made later."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.call: Callable[[], object] | None = call

    def cancel(self) -> None:
        self.call = None


class Clock(asyncio.AbstractEventLoop):
    """`now` is in seconds since the Unix epoch, and the loop's own time too."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = count()

    def time(self) -> float:
        return self.now

    def get_debug(self) -> bool:
        return False

    def create_future(self) -> asyncio.Future:
        return asyncio.Future(loop=self)

    def call_later(self, delay, callback, *args, context=None) -> Timer:
        timer = Timer(lambda: callback(*args))
        heapq.heappush(self._timers, (self.now + delay, next(self._numbers), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Let time pass, and call what falls due."""
        until = self.now + seconds
        while self._timers and self._timers[0][0] <= until:
            at, _, timer = heapq.heappop(self._timers)
            self.now = max(self.now, at)
            if timer.call is not None:
                timer.call()
        self.now = until

    def __enter__(self) -> "Clock":
        asyncio._set_running_loop(self)
        return self

    def __exit__(self, *_) -> None:
        asyncio._set_running_loop(None)
