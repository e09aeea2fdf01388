"""Four ledgers in SQL: each alone refuses, all are charged with the reservation, and are shown."""

from dataclasses import replace

import pytest

from harness.disclosure.accountant import REFUNDS_PER_SLOT, YEAR_S
from harness.errors import BudgetSpent, Conflict, InvalidInput, NotAllowed, NotFound
from harness.records import ledger, runs
from harness.services import states
from harness.services.access import Actor
from harness.services.agreements.terms import Terms
from harness.services.runs import spent
from harness.services.runs.finish import end
from tests.support import world as worlds

# A report of 40 samples costs 3.322 bits: seven pay for two.
TERMS = Terms(run_wall_clock_s=20, start_within_s=60, grid_s=10, runs=5, window_days=366)
SISTER, STRANGER = "example-sister", "example-stranger"
COST = "3.322"


@pytest.fixture
def world(tmp_path, database_url):
    world = worlds.make(tmp_path / "data", database_url=database_url)
    world.organisation(SISTER, "auditor", owner_group=worlds.AUDITOR)
    world.organisation(STRANGER, "auditor")
    world.image()
    world.model()
    world.model(name="second")
    yield world
    world.platform.database.close()


def agree(world, auditor=worlds.AUDITOR, model=worlds.MODEL, **caps):
    # Of each organisation a suite of its own, with nothing in common.
    shift = 100 * [worlds.AUDITOR, SISTER, STRANGER].index(auditor)
    questions = worlds.simple_questions(40 + shift)[shift:]
    digest = world.suite(worlds.suite_files(questions), auditor)
    terms = TERMS.model_copy(update=caps)
    protocol = world.propose(world.draft(digest, terms, model), auditor)
    world.sign(protocol)
    return protocol


def count(world):
    with world.platform.database.read() as session:
        return len(ledger.of_model(session, worlds.MODEL))


@pytest.mark.parametrize(
    ("cap", "others", "paid"),
    [
        # What two other reports were charged to: the ledger that is full refuses, the rest pays.
        ("ledger_pair", [worlds.AUDITOR, worlds.AUDITOR], False),
        ("ledger_pair", [SISTER, STRANGER], True),
        ("ledger_owner_group", [worlds.AUDITOR, SISTER], False),
        ("ledger_owner_group", [worlds.AUDITOR, STRANGER], True),
        ("ledger_model", [SISTER, STRANGER], False),
    ],
)
def test_each_ledger_alone_refuses(world, cap, others, paid):
    for auditor in others:
        world.reserve(agree(world, auditor), auditor)
    protocol = agree(world, **{cap: 7})
    if paid:
        world.reserve(protocol)
        return
    before = count(world)
    with pytest.raises(BudgetSpent) as told:
        world.reserve(protocol)
    name = cap.removeprefix("ledger_")
    assert str(told.value) == (
        f"not reserved: ledger {name}: 6.644 of 7.000 bits are spent, {COST} are asked"
    )
    assert count(world) == before
    # Another model has ledgers of its own.
    world.reserve(agree(world, model="second", **{cap: 7}))


def test_the_report_is_a_ledger_too(world):
    with pytest.raises(InvalidInput, match=r"a report can carry 3.322 bits; the cap is 3"):
        agree(world, bits_cap=3)


def test_a_charge_leaves_every_ledger_after_a_year(world):
    protocol = agree(world, ledger_model=4)
    world.reserve(protocol)
    began = world.platform.clock()
    for age, passes in ((YEAR_S - 5, False), (YEAR_S + 5, True)):
        later = worlds.World(replace(world.platform, clock=lambda age=age: began + age), world.keys)
        if passes:
            later.reserve(protocol)
        else:
            with pytest.raises(BudgetSpent):
                later.reserve(protocol)


def test_at_most_two_refunds_a_slot(world):
    protocol = agree(world)
    kept = []
    for _ in range(TERMS.runs * REFUNDS_PER_SLOT + 1):
        run_id = world.reserve(protocol)
        with world.platform.database.write() as session:
            row = runs.get(session, run_id)
            end(session, world.platform, row, states.Run.EXPIRED, "not_started")
        world.settle()
        with world.platform.database.read() as session:
            if ledger.charge_of(session, run_id):
                kept.append(runs.get(session, run_id).state)
    assert kept == [states.Run.ABORTED]
    with pytest.raises(Conflict):
        for _ in range(TERMS.runs):
            world.reserve(protocol)


def seen(world, name, role, model=worlds.MODEL):
    with world.platform.database.read() as session:
        found = spent.about(session, world.platform, Actor(name, role), model)
    return [(line.ledger, line.holder, line.spent, line.left) for line in found]


def test_everybody_sees_their_own_ledgers_and_no_others(world):
    world.reserve(agree(world))
    world.reserve(agree(world, SISTER), SISTER)
    world.reserve(agree(world, STRANGER), STRANGER)
    assert seen(world, worlds.AUDITOR, "auditor") == [
        ("model", "", "9.966", "4086.034"),
        ("owner_group", worlds.AUDITOR, "6.644", "1017.356"),
        ("pair", worlds.AUDITOR, COST, "508.678"),
    ]
    assert seen(world, worlds.AUDITOR, "auditor", "second") == [
        ("model", "", "0.000", "4096.000"),
        ("owner_group", worlds.AUDITOR, "0.000", "1024.000"),
        ("pair", worlds.AUDITOR, "0.000", "512.000"),
    ]
    whole = [
        ("model", "", "9.966", "4086.034"),
        ("owner_group", STRANGER, COST, "1020.678"),
        ("owner_group", worlds.AUDITOR, "6.644", "1017.356"),
        ("pair", SISTER, COST, "508.678"),
        ("pair", STRANGER, COST, "508.678"),
        ("pair", worlds.AUDITOR, COST, "508.678"),
    ]
    assert seen(world, worlds.VENDOR, "vendor") == whole
    assert seen(world, "operator", "operator") == whole
    for name, role in (("another-vendor", "vendor"), (worlds.REGULATOR, "regulator")):
        with pytest.raises((NotFound, NotAllowed)):
            seen(world, name, role)
