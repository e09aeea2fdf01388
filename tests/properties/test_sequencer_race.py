"""Many sequencers at once: one log, contiguous, its head signed over all of it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import create_engine, delete, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import sessionmaker

from harness.errors import IntegrityError
from harness.records import log
from harness.records.base import Act
from harness.records.database import Database
from harness.services.platform import outbox, sequencer
from harness.services.publication import sequence
from harness.tlog import checkpoint, tree
from tests.support import world as worlds

ACT = Act("tester", "issue", 1.0)
KIND = "run-refund"
RUN = "0123456789abcdef"
THREADS, EACH = 8, 6


@pytest.fixture
def platform(tmp_path, database_url):
    world = worlds.make(tmp_path / "data", database_url=database_url)
    yield world.platform
    world.platform.database.close()


def issue(platform, name, **options):
    with platform.database.write() as session:
        run = {"run": name, "ordinal": 1, "bits": "1.000"}
        subjects = {"protocol": "sha256:" + "00" * 32}
        outbox.issue(session, platform, KIND, subjects, run, ACT, run=name, **options)


def statements(platform):
    with platform.database.read() as session:
        return log.find(session, KIND)


def check(platform):
    with platform.database.read() as session:
        return sequencer.check_log(session, platform)


def test_many_threads_make_one_log(platform):
    start = threading.Barrier(THREADS)

    def work(number):
        # As separate processes would: an engine of its own.
        mine = replace(platform, database=Database(platform.database.url))
        start.wait(30)
        for turn in range(EACH):
            issue(mine, f"{number:08}{turn:08}")
            sequence.publish(mine)
            check(mine)
        mine.database.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    rows = statements(platform)
    assert sorted(row.index for row in rows) == list(range(THREADS * EACH))
    assert check(platform) == THREADS * EACH
    with platform.database.read() as session:
        head = log.head(session)
        hashes = list(log.leaf_hashes(session))
    public = platform.log_key.public_key().public_bytes_raw()
    signed = checkpoint.verify(head.note, platform.settings.log_origin, public)
    assert (signed.size, signed.root) == (head.size, tree.root(hashes))


def append_at_once(platform, transactions):
    """Two appends that meet in their middle, where that is possible; how each ended."""
    both = threading.Barrier(2)

    def meet():
        # The clock is read between the look at the log and the first leaf.
        with suppress(threading.BrokenBarrierError):
            both.wait(0.2)
        return 2.0

    met = replace(platform, clock=meet)

    def append(_):
        try:
            with transactions() as session:
                return sequencer.append_due(session, met)
        except (DatabaseError, IntegrityError):
            return "failed"

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(append, range(2)))


def test_the_first_leaf_of_a_log_is_appended_once(platform):
    issue(platform, RUN)
    for _ in range(10):
        assert sorted(append_at_once(platform, platform.database.write)) == [0, 1]
        assert check(platform) == 1
        forget(platform)


def test_without_our_transactions_the_first_leaf_is_lost(platform):
    # The race is real: without this the test above could not fail.
    issue(platform, RUN)
    engine = create_engine(platform.database.url)
    assert "failed" in append_at_once(platform, sessionmaker(engine).begin)
    engine.dispose()


def forget(platform):
    """Empty the log, as no service could."""
    with platform.database.write() as session:
        session.execute(delete(log.LogHead))
        session.execute(update(log.Statement).values(index=None))


def test_every_head_that_was_ever_signed_is_a_prefix_of_the_last(platform):
    heads = []
    for _ in range(5):
        issue(platform, RUN)
        sequence.publish(platform)
        with platform.database.read() as session:
            heads.append(log.head(session).note)
    with platform.database.read() as session:
        hashes = list(log.leaf_hashes(session))
    public = platform.log_key.public_key().public_bytes_raw()
    for note in heads:
        signed = checkpoint.verify(note, platform.settings.log_origin, public)
        assert signed.root == tree.root(hashes[: signed.size])


def test_a_process_with_another_key_appends_nothing(platform):
    issue(platform, RUN)
    sequence.publish(platform)
    issue(platform, RUN)
    with pytest.raises(IntegrityError):
        sequence.publish(replace(platform, log_key=Ed25519PrivateKey.generate()))
    assert check(platform) == 1
    sequence.publish(platform)
    assert check(platform) == 2


def test_what_is_not_due_waits(platform):
    issue(platform, RUN, not_before=2e9)
    issue(platform, RUN)
    sequence.publish(platform)
    assert [row.index for row in statements(platform)] == [None, 0]
    sequence.publish(replace(platform, clock=lambda: 2e9))
    assert [row.index for row in statements(platform)] == [1, 0]


def test_what_is_due_at_once_has_one_order(platform):
    for name in ("b" * 16, "a" * 16, "c" * 16, "a" * 16):
        issue(platform, name)
    with platform.database.write() as session:
        session.execute(update(log.Statement).where(log.Statement.run == "c" * 16).values(run=None))
    sequence.publish(platform)
    # What belongs to no run first, then run by run, each by age.
    assert [row.index for row in statements(platform)] == [3, 1, 0, 2]


def test_the_head_moves_only_from_where_it_is(platform):
    issue(platform, RUN)
    sequence.publish(platform)
    with platform.database.write() as session:
        assert not log.advance(session, 0, 2, "forked", ACT)
        assert not log.advance(session, 5, 6, "forked", ACT)
    assert check(platform) == 1


@pytest.mark.parametrize("change", [{"leaf_hash": b"\0" * 32}, {"index": None}])
def test_a_changed_past_is_never_signed_over(platform, change):
    issue(platform, RUN)
    sequence.publish(platform)
    with platform.database.write() as session:
        session.execute(update(log.Statement).values(**change))
    issue(platform, RUN)
    with pytest.raises(IntegrityError, match="does not match its signed head"):
        sequence.publish(platform)
    with pytest.raises(IntegrityError, match="restore the database from a backup"):
        check(platform)
