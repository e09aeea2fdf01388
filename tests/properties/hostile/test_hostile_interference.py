"""Non-interference: whatever a suite does besides its levels, an auditor's view is the same bytes.

Hypothesis draws what is free: which samples of a group, sums within a level, the order and spelling
of rows, calls, pauses, rubbish on the socket, the exit; and how a run fails and when.
"""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.spec import Ending, SessionResult, UsageReceipt
from tests.hostile.game import auditor
from tests.hostile.game.guest import Death
from tests.hostile.game.wall import Ran, Seen, carry

few = settings(max_examples=30)
RUBBISH = (b"", b"GET /x", b"\x00\xff\r\n\r\n", b"POST /assay/v1/scores/q0 HTTP/1.1\r\n")
# A run is asked for and ended within its time.
LONGEST_S = 56.0

free = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32),
        "calls": st.integers(0, 5),
        "trouble": st.integers(0, 2),
        "pause": st.floats(0, 20),
        "spaces": st.integers(0, 9),
        "rubbish": st.sampled_from(RUBBISH),
        "exit": st.integers(0, 255),
        "teardown": st.floats(0, 9),
    }
)


@pytest.fixture(scope="module")
def grouped(game):
    held = game.arena.agreements["grouped"].claims[0]
    return auditor.start(held, held.run.reserved_at + 1)


def seen(begun, program):
    return auditor.view(begun, carry(begun.grant, program, 1, 1, begun.at))


def honest(column):
    return lambda guest, _secret: guest.finish(column)


def drawn(seed):
    return random.Random(seed)  # noqa: S311 - any order will do


def alike(column, draw):
    """Other scores of the same levels: which samples of a group, and sums within all levels."""
    groups = [column[place::2] for place in range(2)]
    for group in groups:
        draw.shuffle(group)
    found = [value for pair in zip(*groups, strict=True) for value in pair]
    for place in draw.sample(range(40), 10):
        nudged = [*found]
        nudged[place] = 1 - nudged[place]
        if levels(nudged) == levels(found):
            found = nudged
    return found


def levels(column):
    sums = (sum(column), sum(column[::2]), sum(column[1::2]))
    return tuple((2 * total + 5) // 10 for total in sums)


def messy(column, how):
    """The same levels, in any manner that is free."""
    draw = drawn(how["seed"])

    def program(guest, _secret):
        order = list(zip(guest.samples, alike(column, draw), strict=True))
        draw.shuffle(order)
        for _ in range(how["calls"]):
            guest.ask("word " * draw.randrange(9))
        for _ in range(how["trouble"]):
            guest.ask("trouble")
        guest.wait(how["pause"])
        guest.send(how["rubbish"], 7)
        for sample, value in order:
            row = json.dumps({"values": {"correct": value}, "epoch": 0})
            guest.raw_row(sample, row.replace(":", ":" + " " * how["spaces"]).encode())
        guest.end()
        guest.die(how["exit"], teardown_s=how["teardown"])

    return program


@few
@given(column=st.lists(st.integers(0, 1), min_size=40, max_size=40), how=free)
def test_equal_levels_give_equal_bytes(grouped, column, how):
    one = seen(grouped, honest(column))
    assert auditor.outcome(one) == "RELEASED"
    assert seen(grouped, messy(column, how)) == one


def test_another_level_gives_other_bytes(grouped):
    """The control."""
    one = seen(grouped, honest([0] * 40))
    assert seen(grouped, honest([1] * 3 + [0] * 37)) != one


def test_what_is_called_alike_does_differ():
    column, draw = [1, 0] * 20, drawn(1)
    assert len({tuple(alike(column, draw)) for _ in range(20)}) > 10


CAUSES = {
    "a row": lambda guest, how: guest.raw_row("q0", b"{}" * how["calls"]),
    "a count": lambda guest, how: guest.end(how["seed"]),
    "an unknown sample": lambda guest, how: guest.row(f"q-{how['seed']}", {"correct": 0}),
    "an exit": lambda guest, how: guest.die(how["exit"], teardown_s=how["teardown"]),
    "memory": lambda guest, how: guest.die(137, oom=True, teardown_s=how["teardown"]),
    "the budget": lambda guest, _how: [guest.ask() for _ in range(201)],
    "the tokens": lambda guest, _how: [guest.ask("word " * 9000) for _ in range(4)],
    "the time": lambda guest, _how: guest.wait(10_000),
    "somebody": lambda guest, _how: guest.make_the_vendor_stop_it(),
}


@settings(max_examples=50)
@given(cause=st.sampled_from(sorted(CAUSES)), how=free)
def test_every_failure_that_a_suite_can_cause_gives_equal_bytes(grouped, cause, how):
    def program(guest, _secret):
        for _ in range(how["calls"]):
            guest.ask()
        guest.wait(how["pause"])
        guest.rows([how["seed"] >> place & 1 for place in range(40)], skip=range(how["calls"], 40))
        CAUSES[cause](guest, how)

    one = seen(grouped, lambda guest, _secret: guest.die(1))
    assert auditor.outcome(one) == "FAILED"
    assert seen(grouped, program) == one


counts = st.integers(0, 10**6)


@given(
    ending=st.sampled_from([ending for ending in Ending if ending is not Ending.COMPLETE]),
    code=st.text(max_size=40),
    calls=counts,
    tokens=counts,
    after=st.floats(0, LONGEST_S),
)
def test_every_ending_after_a_reply_gives_equal_bytes(grouped, ending, code, calls, tokens, after):
    """Also those that no suite can cause: an engine that is away, a gateway that is gone."""
    receipt = UsageReceipt("", requests=calls, tokens_out=tokens)
    ran = ended(ending, code, receipt, grouped.at + after)
    one = ended(Ending.GUEST_FAULT, "no_end", None, grouped.at)
    assert auditor.view(grouped, ran) == auditor.view(grouped, one)


def ended(ending, code, receipt, at):
    return Ran(SessionResult(ending, code, True, (), receipt), at, Seen((), Death(), 0.0))


@pytest.mark.parametrize(
    ("code", "attempts", "outcome"),
    [
        ("container_gone", 3, "REFUNDED"),
        ("container_killed", 0, "REFUNDED"),
        ("container_killed", 1, "FAILED"),
    ],
)
def test_before_a_reply_an_ending_may_be_given_back(grouped, code, attempts, outcome):
    """Nothing had been read, so that it may show; unless the guest may have listened to silence."""
    receipt = UsageReceipt("", attempts=attempts)
    lost = SessionResult(Ending.ENGINE_LOST, code, False, (), receipt)
    view = auditor.view(grouped, Ran(lost, grouped.at + 5, Seen((), Death(), 0.0)))
    assert auditor.outcome(view) == outcome
