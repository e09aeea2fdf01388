"""A suite that differs in few samples from one that was run is refused: proposed, and launched."""

import json

import pytest

from harness.errors import Conflict, InvalidInput
from harness.records import runs
from harness.services import states
from harness.services.agreements.terms import Terms
from harness.services.runs.finish import end
from tests.support import world as worlds

TERMS = Terms(run_wall_clock_s=20, start_within_s=60, grid_s=10, runs=2)
SIBLING = "example-sister"
SUMS = worlds.simple_questions(60)


@pytest.fixture
def world(tmp_path):
    world = worlds.make(tmp_path / "data")
    world.organisation(SIBLING, "auditor", owner_group=worlds.AUDITOR)
    world.organisation("example-stranger", "auditor")
    world.image()
    world.model()
    yield world
    world.platform.database.close()


def suite(world, questions, name="numbers", auditor=worlds.AUDITOR):
    return world.suite(worlds.suite_files(questions, name), auditor)


def propose(world, digest, auditor=worlds.AUDITOR, model=worlds.MODEL):
    protocol = world.propose(world.draft(digest, TERMS, model), auditor)
    world.sign(protocol)
    return protocol


def run_first(world, digest):
    return world.reserve(propose(world, digest))


def refusal(act):
    with pytest.raises((InvalidInput, Conflict)) as caught:
        act()
    return str(caught.value)


def test_one_sample_less_is_refused_whatever_its_name(world):
    run_first(world, suite(world, SUMS))
    told = refusal(lambda: propose(world, suite(world, SUMS[1:], "quite_different")))
    assert told == (
        "suite.digest: differs in 1 sample from version 1.0.0 of numbers, which has been run on "
        "replayed; it may differ in none, or in at least 20: run that one again, or change 19 more"
    )
    # The nearest that would pass, and the same one again.
    propose(world, suite(world, SUMS[20:], "far_enough"))
    propose(world, suite(world, SUMS[::-1], "reordered"))


def test_nothing_of_a_sample_is_said(world):
    secret = "Zyzzyva is the word that nobody may read"
    run_first(world, suite(world, SUMS))
    told = refusal(lambda: propose(world, suite(world, [(secret, "77"), *SUMS[1:]])))
    assert "2 samples" in told
    assert "zyzzyva" not in told.casefold()
    assert json.dumps(SUMS[0][0])[1:-1] not in told


def test_the_owner_counts_and_not_the_organisation(world):
    run_first(world, suite(world, SUMS))
    near = suite(world, SUMS[1:], "near", SIBLING)
    told = refusal(lambda: propose(world, near, SIBLING))
    assert "a suite of an organisation with the same owner" in told
    assert "numbers" not in told
    # Another owner is another ledger, which pays for itself.
    far = suite(world, SUMS[2:], "strange", "example-stranger")
    propose(world, far, "example-stranger")


def test_another_model_is_another_matter(world):
    run_first(world, suite(world, SUMS))
    world.model(name="second")
    propose(world, suite(world, SUMS[1:], "near"), model="second")


def test_of_two_that_were_agreed_one_is_launched(world):
    first = propose(world, suite(world, SUMS))
    second = propose(world, suite(world, SUMS[1:], "near"))
    run = world.reserve(first)
    assert "not reserved: suite.digest: differs in 1 sample" in refusal(
        lambda: world.reserve(second)
    )
    world.reserve(first)
    # A run that told nothing does not count.
    with world.platform.database.write() as session:
        for row in runs.of_protocol(session, first):
            assert end(session, world.platform, row, states.Run.EXPIRED, "not_started")
    world.settle()
    assert world.reserve(second) != run
