import pytest

from harness.services.runs import timing

START_BY, WALL, GRID = 1000.25, 60, 10


def planned(*, fixed):
    when = timing.plan(START_BY - 40, 40, WALL, GRID, fixed=fixed)
    last = timing.last_slot(when.start_by, when.wall_clock_s, when.grid_s, when.slot_at)
    return when, last


def seen(now, *, fixed):
    when, last = planned(fixed=fixed)
    return timing.ending_at(now, timing.visible_at(now, when.slot_at, GRID), last)


def test_a_fixed_slot_leaves_room_for_taking_a_run_down():
    when, last = planned(fixed=True)
    latest = timing.call_deadline(START_BY, WALL)
    assert when.slot_at == last == 1070
    assert last - latest >= timing.RECONCILE_S + timing.SETTLE_S


@pytest.mark.parametrize("now", [970.0, 1003.7, 1057.25, 1069.99, 1070.0])
def test_with_a_fixed_slot_every_ending_is_seen_at_it(now):
    assert seen(now, fixed=True) == 1070


def test_on_completion_an_ending_is_seen_at_the_next_slot():
    assert seen(1003.7, fixed=False) == 1010
    assert seen(1060.25, fixed=False) == planned(fixed=False)[1] == 1070


@pytest.mark.parametrize("fixed", [True, False])
def test_how_late_a_late_ending_is_does_not_show(fixed):
    after = 1070 + timing.LATE_S
    assert {seen(now, fixed=fixed) for now in (1070.01, 1071.0, 1099.5, 1130.0)} == {after}
    assert {seen(now, fixed=fixed) for now in (1130.01, 2000.0, 3599.0)} == {3600}
