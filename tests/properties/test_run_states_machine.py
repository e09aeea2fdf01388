"""A run driven by random moves, legal and illegal, in the order of nobody's job.

A trigger in the database notes every change of a state, whoever makes it.
"""

import shutil
import time
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from harness.disclosure import accountant
from harness.disclosure.accountant import Account
from harness.errors import Conflict
from harness.records import ledger, log, runs
from harness.records.database import Database
from harness.services import states
from harness.services.access import Actor
from harness.services.agreements.terms import Terms
from harness.services.platform import logcopy, selftests, sequencer
from harness.services.publication import sequence
from harness.services.runs import claim, finish, perform, reserve, sweep, view
from harness.services.states import Run
from sandbox.errors import ControlMissing, EngineUnavailable
from sandbox.spec import Ending, SessionResult, UsageReceipt
from tests.support import world as worlds

TERMS = Terms(run_wall_clock_s=20, start_within_s=10, grid_s=10, runs=4, release="on_completion")
ACTORS = (
    Actor(worlds.AUDITOR, "auditor"),
    Actor(worlds.VENDOR, "vendor"),
    worlds.OPERATOR,
)
RECEIPT = UsageReceipt("sha256:" + "00" * 32, *[0] * 9)
# How a sandboxed run goes; for every course that fails there is one that completes.
SANDBOX = {
    "fault": st.sampled_from([None] * 10 + [EngineUnavailable("x"), ControlMissing("x")]),
    "ending": st.sampled_from([Ending.COMPLETE] * len(Ending) + list(Ending)),
    "reply": st.booleans(),
    "meanwhile": st.sampled_from(["nothing"] * 4 + ["lost", "stopped"]),
}
# An ending that is known long after its last slot is seen within the hour.
LATEST_S = 3600
TERMINAL = st.sampled_from(sorted(states.TERMINAL_RUNS))
SPY = (
    "CREATE TABLE moves (run TEXT, before TEXT, after TEXT)",
    """CREATE TRIGGER spy AFTER UPDATE OF state ON runs BEGIN
    INSERT INTO moves VALUES (new.id, old.state, new.state); END""",
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    world = worlds.make(tmp_path_factory.mktemp("states") / "data", worker_slots=1)
    world.image()
    world.model()
    digest = world.suite(worlds.suite_files(worlds.simple_questions(40)))
    protocol = world.agree(digest, TERMS)
    with world.platform.database.write() as session:
        for statement in SPY:
            session.execute(text(statement))
    world.platform.database.close()
    return world.platform, protocol


class Life(RuleBasedStateMachine):
    """The services in random order, a clock that jumps, and a sandbox that ends as it likes."""

    known = Bundle("known")
    claims = Bundle("claims")

    def __init__(self, platform, protocol, folder):
        super().__init__()
        self.protocol = protocol
        self.now = time.time()
        copy = folder / "life.sqlite3"
        for suffix in ("", "-wal", "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(platform.settings.data_dir / "assay.sqlite3", copy)
        database = Database(f"sqlite:///{copy}")
        # Each life has a log of its own, and a copy of it.
        log_copy = folder / "log.copy"
        shutil.copyfile(logcopy.place(platform.settings), log_copy)
        settings = platform.settings.model_copy(update={"log_copy": str(log_copy)})
        self.platform = replace(
            platform, settings=settings, database=database, clock=lambda: self.now
        )
        self.written = self.platform.database.write
        self.patch = pytest.MonkeyPatch()
        self.looked_at = None

    # Moves of the main job, at any time and from any state.

    @initialize(target=known)
    def begin(self):
        return self.reserve_one(logged=True)

    @rule(target=known, logged=st.sampled_from([True, True, True, False]))
    def reserve(self, logged):
        return self.reserve_one(logged)

    def reserve_one(self, logged):
        left = TERMS.runs - sum(run.state not in states.REFUNDED_RUNS for run in self.runs())
        try:
            with self.written() as session:
                actor = Actor(worlds.AUDITOR, "auditor")
                run = reserve.reserve(session, self.platform, actor, self.protocol)
        except Conflict:
            assert left == 0
            return multiple()
        assert left > 0
        if logged:
            sequence.publish(self.platform)
        return run.id

    @rule(target=claims, run=known)
    def claim(self, run):
        held = self.try_to_claim(run)
        return multiple() if held is None else held

    @rule(target=claims, run=known, **SANDBOX)
    def carry_out(self, run, **course):
        held = self.try_to_claim(run)
        if held is None:
            return multiple()
        self.perform(held, **course)
        return held

    @rule(held=claims, **SANDBOX)
    def carry_out_once_more(self, held, **course):
        self.perform(held, **course)

    def try_to_claim(self, run):
        before = self.run(run)
        busy = any(map(self.has_a_place, self.runs()))
        held = claim.claim(self.platform, run)
        could = before.state == Run.QUEUED and self.now <= before.start_by and not busy
        assert (held is not None) is could
        return held

    def has_a_place(self, run):
        """A run keeps its place on the host until its ending is seen."""
        seen_later = run.visible_at is not None and run.visible_at > self.now
        return run.state in states.LEASED_RUNS or (run.worker_slot is not None and seen_later)

    def perform(self, held, fault, ending, reply, meanwhile):
        def ensure(*_args, **_options):
            if fault is not None:
                raise fault
            return "sha256:" + "00" * 32

        def session(_spec, callbacks, _runtime):
            if meanwhile == "lost":
                self.now += self.platform.settings.lease_s + 1
                sweep._end_lost(self.platform)
                assert callbacks.should_stop()
            elif meanwhile == "stopped":
                with self.written() as writing:
                    view.stop(writing, self.platform, ACTORS[1], held.run.id)
                self.now += 2
                assert callbacks.should_stop()
                return SessionResult(Ending.STOPPED, "asked", reply, (), RECEIPT)
            return SessionResult(ending, "code", reply, (), RECEIPT)

        with self.patch.context() as patch:
            patch.setattr(selftests, "ensure", ensure)
            patch.setattr(perform.sandbox_session, "run", session)
            done = perform.perform(self.platform, held)
        assert done is None or self.run(held.run.id).state == Run.RECONCILING

    @rule(held=claims, after=st.sampled_from([Run.RELEASED, Run.FAILED]))
    def finish(self, held, after):
        run = self.run(held.run.id)
        if run.state != Run.RECONCILING:
            return
        with self.written() as session:
            ended = finish.end(
                session, self.platform, run, after, "done", worker=held.worker, slot=self.now
            )
        assert ended is (run.worker == held.worker)

    # Moves that nobody should make: they change nothing, or something that the table allows.

    @rule(run=known, after=TERMINAL, worker=st.sampled_from([None, "a stranger"]))
    def end_somehow(self, run, after, worker):
        row = self.run(run)
        with self.written() as session:
            ended = finish.end(session, self.platform, row, after, "somehow", worker=worker)
        possible = row.state not in states.TERMINAL_RUNS and worker is None
        early = after == Run.RELEASED and row.state != Run.RECONCILING
        assert ended is (possible and not early)

    @rule(held=claims)
    def give_back(self, held):
        claim.release_to_queue(self.platform, held, "not ready")

    @rule(run=known, actor=st.sampled_from(ACTORS))
    def stop(self, run, actor):
        before = self.run(run)
        try:
            with self.written() as session:
                view.stop(session, self.platform, actor, run)
        except Conflict:
            assert states.run_step(before.state, "stop", actor.role) is None

    # Time, and what every process does now and then.

    @rule(seconds=st.sampled_from([1, 1, 5, 16, 40]))
    def wait(self, seconds):
        self.now += seconds
        self.sweep()
        sequence.publish(self.platform)

    def sweep(self):
        sweep._end_lost(self.platform)
        sweep._expire(self.platform)

    # What always holds.

    @invariant()
    def all_is_well(self):
        with self.platform.database.read() as session:
            moves = session.execute(text("SELECT before, after FROM moves")).all()
            rows = runs.of_protocol(session, self.protocol)
            if (len(moves), len(rows)) == self.looked_at:
                return
            self.looked_at = (len(moves), len(rows))
            assert [move for move in moves if not states.may_move(*move)] == []
            self.check_leases(rows)
            self.check_ledger(session, rows)
            self.check_endings(session, rows)

    def check_leases(self, rows):
        live = [row for row in rows if row.state in states.LEASED_RUNS]
        assert [row for row in rows if row.lease_until is not None] == live
        slots = [row.worker_slot for row in live]
        assert len(slots) == len(set(slots))

    def check_ledger(self, session, rows):
        refunded = [row for row in rows if row.state in states.REFUNDED_RUNS]
        assert len(refunded) <= accountant.REFUNDS_PER_SLOT * TERMS.runs
        assert len(rows) - len(refunded) <= TERMS.runs
        posted = sorted((row.run, row.kind) for row in ledger.of_model(session, worlds.MODEL))
        charged = [(row.id, "charge") for row in rows]
        assert posted == sorted(charged + [(row.id, "refund") for row in refunded])
        account = Account(worlds.AUDITOR, worlds.AUDITOR, worlds.MODEL)
        entries = reserve.entries(session, worlds.MODEL)
        spent = accountant.spent(entries, account, int(self.now))
        assert spent.pair == sum(row.microbits for row in rows if row not in refunded)

    def check_endings(self, session, rows):
        ends = Counter(row.run for row in log.find(session, "run-end"))
        refunds = Counter(row.run for row in log.find(session, "run-refund"))
        for row in rows:
            ended = row.state in states.TERMINAL_RUNS
            back = row.state in states.REFUNDED_RUNS
            assert (ends[row.id], refunds[row.id]) == (ended and not back, back), row.state
            assert (row.ended_at is not None) == ended

    def teardown(self):
        """Nothing stays stuck: time alone ends every run, and all of it is in the log."""
        sequence.publish(self.platform)
        for _ in range(2):
            self.now += 100
            self.sweep()
        self.now += LATEST_S
        sequence.publish(self.platform)
        assert all(row.state in states.TERMINAL_RUNS for row in self.runs())
        self.all_is_well()
        with self.platform.database.read() as session:
            size = sequencer.check_log(session, self.platform)
            assert len(log.due(session, 1e12)) == 0
        assert size == 5 + 2 * len(self.runs())
        self.platform.database.close()

    def runs(self):
        with self.platform.database.read() as session:
            return list(runs.of_protocol(session, self.protocol))

    def run(self, run_id):
        with self.platform.database.read() as session:
            return runs.get(session, run_id)


def test_random_lives(prepared, tmp_path):
    run_state_machine_as_test(
        lambda: Life(*prepared, tmp_path),
        settings=settings(max_examples=8, stateful_step_count=40, deadline=None),
    )
