import pytest

from harness.services import states
from harness.services.agreements.turn import turn

END = 1_000.0
IN_TIME, TOO_LATE = END - 1, END


@pytest.mark.parametrize("state", list(states.Protocol))
def test_every_state_has_words_for_people(state):
    for now in (IN_TIME, TOO_LATE):
        assert turn(state, now, END).words.endswith(".")


def test_a_proposal_waits_for_the_vendor_until_the_window_ends():
    found = turn("PROPOSED", IN_TIME, END)
    assert (found.holder, found.until) == ("vendor", END)
    assert turn("PROPOSED", TOO_LATE, END).holder == ""


@pytest.mark.parametrize("state", ["AGREED", "REGISTERED"])
def test_between_signature_and_start_it_is_the_server_who_acts(state):
    assert turn(state, IN_TIME, END).holder == "server"


@pytest.mark.parametrize(
    ("left", "now", "holder"),
    [(None, IN_TIME, "auditor"), (2, IN_TIME, "auditor"), (0, IN_TIME, ""), (2, TOO_LATE, "")],
)
def test_an_active_one_waits_for_its_auditor_while_runs_and_time_are_left(left, now, holder):
    assert turn("ACTIVE", now, END, left).holder == holder


@pytest.mark.parametrize(
    "state", ["CLOSED", "DECLINED", "LAPSED", "WITHDRAWN", "TERMINATED", "SUSPENDED", "PUBLISHED"]
)
def test_nobody_acts_on_what_is_over(state):
    assert turn(state, IN_TIME, END).holder == ""
