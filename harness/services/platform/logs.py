"""What a long-lived process writes to its log: one line an event, and not the same all day."""

import logging
import time
from typing import Final

_AGAIN_S: Final = 600.0
_MOST: Final = 1000


class Seldom(logging.Filter):
    """Lets the same line pass once in ten minutes: an outage is looked at every few seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line is new, or old enough to be said again."""
        line, now = (record.name, record.getMessage()), time.monotonic()
        if now - self._said.get(line, -_AGAIN_S) < _AGAIN_S:
            return False
        if len(self._said) >= _MOST:
            self._said.clear()
        self._said[line] = now
        return True


def begin(name: str) -> None:
    """Log warnings of this process to standard error, under its name."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(f"{name}: %(levelname)s %(message)s"))
    handler.addFilter(Seldom())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
