"""When a run may start, must end and becomes visible: functions of reservation and protocol.

Pure. Times are seconds since the Unix epoch. A release slot lies on a grid of the clock, so
that what is seen is a slot and never a duration.
"""

from dataclasses import dataclass

# Kept free at the end of the wall clock for counting and signing.
RECONCILE_S = 3


@dataclass(frozen=True, slots=True)
class Timing:
    """The agreed times of one run slot; `slot_at` is None when it leaves on completion."""

    reserved_at: float
    start_by: float
    wall_clock_s: int
    grid_s: int
    slot_at: float | None


def plan(
    reserved_at: float, start_within_s: int, wall_clock_s: int, grid_s: int, *, fixed: bool
) -> Timing:
    """Times of a slot that is reserved now."""
    start_by = reserved_at + start_within_s
    last = up_to_grid(start_by + wall_clock_s, grid_s)
    return Timing(reserved_at, start_by, wall_clock_s, grid_s, last if fixed else None)


def up_to_grid(at: float, grid_s: int) -> float:
    """First point of the clock grid at or after `at`."""
    steps = -(-at // grid_s)
    return float(steps * grid_s)


def call_deadline(started_at: float, wall_clock_s: int) -> float:
    """Last moment of any model call of a run that started then."""
    return started_at + wall_clock_s - RECONCILE_S


def last_slot(start_by: float, wall_clock_s: int, grid_s: int, slot_at: float | None) -> float:
    """Last slot that the leak bound counts: nothing may be released after it."""
    return up_to_grid(start_by + wall_clock_s, grid_s) if slot_at is None else slot_at


def visible_at(now: float, slot_at: float | None, grid_s: int) -> float:
    """When an ending that is decided now may be seen."""
    return up_to_grid(now, grid_s) if slot_at is None else max(slot_at, now)
