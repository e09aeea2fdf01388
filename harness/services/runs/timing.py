"""When a run may start, must end and becomes visible: functions of reservation and protocol.

Pure. Times are seconds since the Unix epoch. A release slot lies on a grid of the clock, so
that what is seen is a slot and never a duration.
"""

from dataclasses import dataclass

# Kept free at the end of the wall clock for counting and signing.
RECONCILE_S = 3
# Between the end of the wall clock and a fixed slot, for what a guest could make slow: closing its
# gateway, removing its container.
SETTLE_S = 7
# An ending that is known only after the last slot is seen so much after it, and not when it came.
LATE_S = 60
_LATER_S = 3600


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
    last = up_to_grid(start_by + wall_clock_s + SETTLE_S, grid_s)
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
    """The slot of what is decided now; past the last one, a moment that is none."""
    return up_to_grid(now, grid_s) if slot_at is None else max(slot_at, now)


def ending_at(now: float, slot: float, last: float) -> float:
    """When an ending that is decided now may be seen; `slot` is its slot, `last` the last one.

    A late one needs a run that began at the last moment and a host in trouble, which a suite may
    have caused. How late it is must not show: a minute after the last slot it is FAILED.
    """
    if slot <= last:
        return slot
    late = last + LATE_S
    return late if now <= late else up_to_grid(now, _LATER_S)
