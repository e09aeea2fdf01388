"""The last bits of a ledger go to exactly one of those who reserve at the same moment."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, delete
from sqlalchemy.orm import sessionmaker

from harness.disclosure import accountant
from harness.disclosure.accountant import Account, Charge
from harness.disclosure.errors import BudgetExceeded
from harness.errors import BudgetSpent
from harness.records import ledger, log, runs
from harness.records.base import Act
from harness.records.database import Database
from harness.services.access import Actor
from harness.services.agreements.terms import Terms
from harness.services.runs import reserve
from tests.support import world as worlds

ACT = Act("tester", "charge", 1.0)
AUDITOR = Actor(worlds.AUDITOR, "auditor")
# A report of 40 samples costs 3.3 bits: a ledger of 7 bits pays for two.
TERMS = Terms(run_wall_clock_s=20, start_within_s=10, grid_s=10, runs=3, ledger_pair=7)
# A thousand on each database.
RACERS_AND_TRIALS = [(2, 970), (8, 30)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def prepared(request, tmp_path_factory):
    """A world whose ledger can pay for one more run, and the two protocols that want it."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgresql").fresh()
    world = worlds.make(tmp_path_factory.mktemp("race") / "data", database_url=url)
    world.image()
    world.model()
    digest = world.suite(worlds.suite_files(worlds.simple_questions(40)))
    protocols = [world.agree(digest, TERMS) for _ in range(2)]
    world.reserve(protocols[0])
    world.platform.database.close()
    return world.platform, protocols


@pytest.fixture
def fresh(request, tmp_path, prepared):
    """A copy of the prepared database."""
    settings = prepared[0].settings
    if settings.database_url:
        return request.getfixturevalue("postgresql").fresh(settings.database_url)
    shutil.copyfile(settings.data_dir / "assay.sqlite3", tmp_path / "copy.sqlite3")
    return f"sqlite:///{tmp_path / 'copy.sqlite3'}"


def race(pool, racers, act):
    """Let all racers act at once; what each returned."""
    barrier = threading.Barrier(racers)

    def one(number):
        barrier.wait(30)
        return act(number)

    return list(pool.map(one, range(racers)))


@pytest.mark.slow
@pytest.mark.parametrize(("racers", "trials"), RACERS_AND_TRIALS)
def test_exactly_one_reservation_passes(fresh, prepared, racers, trials):
    platform, protocols = prepared
    mine = replace(platform, database=Database(fresh))

    def reserve_one(number):
        try:
            with mine.database.write() as session:
                return reserve.reserve(session, mine, AUDITOR, protocols[number % 2]).id
        except BudgetSpent:
            return None

    with ThreadPoolExecutor(racers) as pool:
        for _ in range(trials):
            won = [run for run in race(pool, racers, reserve_one) if run is not None]
            assert len(won) == 1
            with mine.database.write() as session:
                entries = ledger.of_model(session, worlds.MODEL)
                assert [entry.kind for entry in entries] == ["charge", "charge"]
                assert entries[-1].run == won[0]
                assert sum(entry.microbits for entry in entries) <= 7_000_000
                # Who was refused has left no row anywhere.
                reserved = [run for each in protocols for run in runs.of_protocol(session, each)]
                assert {run.id for run in reserved} == {entry.run for entry in entries}
                assert len(log.find(session, "run-start")) == 2
                forget(session, won[0])
    mine.database.close()


def forget(session, run):
    """Give the last bits back, as no service could."""
    for column in (ledger.LedgerEntry.run, log.Statement.run, runs.Run.id):
        session.execute(delete(column.class_).where(column == run))


def check_then_charge(session, run, meet, *, locked):
    """The heart of a reservation, with a place in its middle where both racers can meet."""
    account = Account(worlds.AUDITOR, worlds.AUDITOR, worlds.MODEL)
    if locked:
        ledger.lock(session, worlds.MODEL)
    earlier = reserve.entries(session, worlds.MODEL)
    meet()
    new = Charge(run, account, 3_321_929, 1)
    try:
        accountant.charge(earlier, new, accountant.Caps(pair=7))
    except BudgetExceeded:
        return False
    row = ledger.LedgerEntry(
        kind="charge",
        run=run,
        auditor=account.auditor,
        owner_group=account.owner_group,
        model=account.model,
        microbits=new.microbits,
        at=1,
    )
    ledger.post(session, row, ACT)
    return True


@contextmanager
def our_transactions(url):
    database = Database(url)
    yield database.write
    database.close()


@contextmanager
def the_drivers_transactions(url):
    engine = create_engine(url)
    yield sessionmaker(engine).begin
    engine.dispose()


@pytest.mark.parametrize(
    ("transactions", "locked", "passed"),
    [
        (our_transactions, False, {"sqlite": 1, "postgresql": 1}),
        # Where rows can be locked, the ledger's alone would do.
        (the_drivers_transactions, True, {"sqlite": 2, "postgresql": 1}),
        # This shows that the race is real: without it the others could not fail.
        (the_drivers_transactions, False, {"sqlite": 2, "postgresql": 2}),
    ],
)
def test_a_check_and_its_charge_are_one(fresh, prepared, transactions, locked, passed):
    _, protocols = prepared
    database = Database(fresh)
    with database.write() as session:
        for number in range(2):
            row = runs.Run(
                id=f"run-{number}",
                protocol=protocols[1],
                ordinal=number + 1,
                state="RESERVED",
                microbits=1,
                alphabet="2",
                reserved_at=1,
                start_by=1,
                wall_clock_s=1,
                grid_s=1,
            )
            runs.add(session, row, ACT)
    database.close()
    both = threading.Barrier(2)

    def meet():
        # Who is alone here goes on after a while: the other waits for the lock.
        with suppress(threading.BrokenBarrierError):
            both.wait(0.2)

    with transactions(fresh) as transaction, ThreadPoolExecutor(2) as pool:

        def charge(number):
            with transaction() as session:
                return check_then_charge(session, f"run-{number}", meet, locked=locked)

        assert sum(race(pool, 2, charge)) == passed[database.kind]
