"""Rows of runs, ledger and log: what moves by compare-and-swap, and what cannot be there twice."""

import pytest

from harness.errors import Conflict
from harness.records import ledger, log, runs
from harness.records.base import Act
from tests.support import world as worlds

ACT = Act("tester", "test", 1.0)


def move(world, run_id, before, after, **values):
    with world.platform.database.write() as session:
        return runs.move(session, run_id, before, after, ACT, **values)


def row(world, run_id):
    with world.platform.database.read() as session:
        return runs.get(session, run_id)


def test_a_move_is_made_once(world, run_id):
    assert move(world, run_id, "QUEUED", "PREFLIGHT", holder="a", lease_until=9.0)
    assert not move(world, run_id, "QUEUED", "PREFLIGHT", holder="b", lease_until=9.0)
    assert (row(world, run_id).state, row(world, run_id).worker) == ("PREFLIGHT", "a")


def test_only_the_holder_moves_what_is_held(world, run_id):
    move(world, run_id, "QUEUED", "PREFLIGHT", holder="a", lease_until=9.0)
    assert not move(world, run_id, "PREFLIGHT", "RUNNING", worker="b")
    assert move(world, run_id, "PREFLIGHT", "RUNNING", worker="a")


def test_a_beat_keeps_a_lease_and_never_revives_one(world, run_id):
    def beat(worker):
        with world.platform.database.write() as session:
            return runs.beat(session, run_id, worker, 20.0, requests=3, rows=2)

    assert not beat("a")
    move(world, run_id, "QUEUED", "PREFLIGHT", holder="a", lease_until=9.0)
    assert not beat("b")
    assert beat("a")
    assert (row(world, run_id).lease_until, row(world, run_id).requests) == (20.0, 3)
    move(world, run_id, "PREFLIGHT", "QUEUED", worker="a", lease_until=None)
    assert not beat("a")
    assert row(world, run_id).lease_until is None


def test_slots_are_counted_by_host(world, run_id):
    move(world, run_id, "QUEUED", "PREFLIGHT", holder="host_1:7:ab", worker_slot=4, lease_until=9.0)

    def busy(prefix, now=20.0):
        with world.platform.database.read() as session:
            return runs.busy_slots(session, prefix, now)

    assert busy("host_1:") == {4}
    # The underscore is no wildcard.
    assert busy("hostx1:") == busy("host_2:") == set()
    move(world, run_id, "PREFLIGHT", "FAILED", lease_until=None, visible_at=30.0)
    assert busy("host_1:", 29.9) == {4}
    assert busy("host_1:", 30.0) == busy("host_2:", 29.9) == set()


@pytest.mark.parametrize("pattern", ["%", "_", "", "0%"])
def test_a_prefix_is_no_pattern(world, run_id, pattern):
    with world.platform.database.read() as session:
        found = runs.matching(session, pattern, {})
    assert [run.id for run in found] == ([run_id] if pattern == "" else [])


def post(world, run_id, kind):
    entry = ledger.LedgerEntry(
        kind=kind,
        run=run_id,
        auditor=worlds.AUDITOR,
        owner_group=worlds.AUDITOR,
        model=worlds.MODEL,
        microbits=1,
        at=1,
    )
    with world.platform.database.write() as session:
        ledger.post(session, entry, ACT)


@pytest.mark.parametrize("kind", ["charge", "refund"])
def test_nothing_is_charged_or_given_back_twice(world, run_id, kind):
    if kind == "refund":
        post(world, run_id, kind)
    with pytest.raises(Conflict):
        post(world, run_id, kind)
    with world.platform.database.read() as session:
        kinds = [entry.kind for entry in ledger.of_model(session, worlds.MODEL)]
    assert kinds == (["charge", "refund"] if kind == "refund" else ["charge"])


def test_a_charge_stands_until_its_refund(world, run_id):
    def charge():
        with world.platform.database.read() as session:
            return ledger.charge_of(session, run_id)

    assert charge().kind == "charge"
    post(world, run_id, "refund")
    assert charge() is None


def test_two_runs_never_share_an_ordinal(world, run_id):
    present = row(world, run_id)
    values = {
        column.name: getattr(present, column.name)
        for column in runs.Run.__table__.columns
        if column.name != "id"
    }
    with pytest.raises(Conflict), world.platform.database.write() as session:
        runs.add(session, runs.Run(id="another", **values), ACT)


def test_two_statements_never_share_a_place_in_the_log(world, run_id):
    with pytest.raises(Conflict), world.platform.database.write() as session:
        statement = log.find(session, "run-start", run=run_id)[0]
        assert statement.index > 0
        statement.index = 0


def test_a_document_is_stored_once_and_never_replaced(world):
    with world.platform.database.write() as session:
        log.put_document(session, log.Document(digest="d", kind="report", body=b"first"), ACT)
    with world.platform.database.write() as session:
        log.put_document(session, log.Document(digest="d", kind="report", body=b"second"), ACT)
    with world.platform.database.read() as session:
        assert log.document(session, "d").body == b"first"
