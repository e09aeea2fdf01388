"""Waiting for a run's outcome, with the progress that whoever looks may see."""

import time
from collections.abc import Callable
from typing import Any, Final

from harness.cli import output

_LOOK_S: Final = 1.0


def watch(look: Callable[[], dict[str, Any]], now: Callable[[], float]) -> dict[str, Any]:
    """Look at a run until its outcome shows; the run as it then stands.

    `look` gives a run as the API shows it, `now` is the clock of its times.
    """
    with output.progress() as show:
        while True:
            seen = look()
            show(*_stand(seen, now()))
            if seen["outcome"] != "PENDING":
                return seen
            time.sleep(_LOOK_S)


def _stand(seen: dict[str, Any], now: float) -> tuple[str, float, float]:
    """What happens, how much of it is done, of how much: by the clock for whoever sees no more."""
    inside, samples = seen["inside"], seen["samples"]
    if inside is not None and inside["started_at"] is not None and samples:
        text = f"{inside['state'].lower()}: {inside['rows']} of {samples} samples"
        return text, inside["rows"], samples
    text = f"waiting, until {output.moment(seen['expected_by'])} at the latest"
    total = max(seen["expected_by"] - seen["reserved_at"], 1.0)
    return text, min(now - seen["reserved_at"], total), total
