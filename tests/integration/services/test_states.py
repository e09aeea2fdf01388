"""The two tables of states, and the page that is generated from them."""

from itertools import product
from pathlib import Path

import pytest

from harness.services import states
from harness.services.states import Run

ROOT = Path(__file__).parents[3]
OWNERS = {"auditor", "vendor", "operator", "server"}
PAGE = "from harness.services import states; print(states.diagram(), end='')"


def test_the_page_of_states_is_in_step():
    page = (ROOT / "docs/states.md").read_text()
    assert page == states.diagram(), f'write it again: .venv/bin/python -c "{PAGE}"'


def test_every_step_is_drawn():
    page = states.diagram()
    for step in (*states.PROTOCOL_STEPS, *states.RUN_STEPS):
        assert f"    {step.before} --> {step.after}: {step.action} (" in page


@pytest.mark.parametrize("step", [*states.PROTOCOL_STEPS, *states.RUN_STEPS])
def test_a_step_has_owners_that_exist_and_goes_somewhere(step):
    assert step.owners
    assert step.owners <= OWNERS
    assert step.before != step.after


@pytest.mark.parametrize("steps", [states.PROTOCOL_STEPS, states.RUN_STEPS])
def test_an_action_from_a_state_means_one_thing(steps):
    keys = [(step.before, step.action) for step in steps]
    assert len(keys) == len(set(keys))


def test_terminal_is_terminal():
    assert not [step for step in states.RUN_STEPS if step.before in states.TERMINAL_RUNS]
    leaving = {step.before for step in states.RUN_STEPS}
    assert leaving | states.TERMINAL_RUNS == set(Run)


def test_nothing_returns_from_published():
    ends = {"PUBLISHED", "DECLINED", "LAPSED", "WITHDRAWN", "TERMINATED"}
    leaving = {str(step.before) for step in states.PROTOCOL_STEPS}
    assert leaving | ends == {str(state) for state in states.Protocol}
    assert not leaving & ends


def test_every_state_of_a_run_is_reached_and_can_end():
    assert _closure({Run.RESERVED}, forward=True) == set(Run)
    assert _closure(set(states.TERMINAL_RUNS), forward=False) == set(Run)


def test_a_refund_is_for_runs_that_showed_nothing():
    # No run that has been RECONCILING, and so has scores, may get its bits back.
    after_scores = _closure({Run.RECONCILING}, forward=True)
    assert not after_scores & states.REFUNDED_RUNS
    assert states.REFUNDED_RUNS < states.TERMINAL_RUNS


def test_only_owners_move():
    steps = {(step.before, step.action): step for step in states.RUN_STEPS}
    actions = {step.action for step in states.RUN_STEPS}
    for before, action, owner in product(Run, actions, OWNERS | {"regulator", ""}):
        step = steps.get((before, action))
        expected = step.after if step is not None and owner in step.owners else None
        assert states.run_step(before, action, owner) == expected


def test_a_protocol_moves_by_its_owner_only():
    assert states.protocol_step("PROPOSED", "sign", "vendor") == "AGREED"
    assert states.protocol_step("PROPOSED", "sign", "auditor") is None
    assert states.protocol_step("PUBLISHED", "withdraw", "auditor") is None


def test_may_move_is_the_table():
    for before, after in product(Run, Run):
        known = any((s.before, s.after) == (before, after) for s in states.RUN_STEPS)
        assert states.may_move(before, after) is known


def test_an_outcome_has_no_category():
    outcomes = {state: states.public_outcome(state) for state in Run}
    assert outcomes == {
        **dict.fromkeys(("RESERVED", "QUEUED", "PREFLIGHT", "RUNNING", "RECONCILING"), "PENDING"),
        "RELEASED": "RELEASED",
        **dict.fromkeys(("FAILED", "INVALID_SUITE", "OVER_BUDGET", "DRIFT", "ABORTED"), "FAILED"),
        **dict.fromkeys(("INVALID_INFRA", "EXPIRED"), "REFUNDED"),
    }


def _closure(found: set, *, forward: bool) -> set:
    while True:
        more = {
            step.after if forward else step.before
            for step in states.RUN_STEPS
            if (step.before if forward else step.after) in found
        }
        if more <= found:
            return found
        found = found | more
