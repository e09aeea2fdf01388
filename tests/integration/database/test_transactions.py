"""Transactions on both databases: one writes at a time, readers see one moment."""

import threading

import pytest
from sqlalchemy import select, text

from harness.errors import Conflict, InvalidInput, Unavailable
from harness.records import log, parties, platform
from harness.records.base import Act
from harness.records.database import Database

ACT = Act("tester", "test", 1.0)


def put(session, number, **values):
    known = {"id": f"sha256:{number}", "flavour": "base", "packages": {}, "added_at": 1.0}
    platform.put_image(session, platform.Image(**known | values), ACT)


def newest(database):
    with database.read() as session:
        image = platform.newest_image(session, "base")
    return image and image.id


def organisation(name):
    return parties.Organisation(name=name, role="auditor", owner_group=name, created_at=1.0)


def test_a_write_that_raises_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError), database.write() as session:
        put(session, 1)
        raise ZeroDivisionError
    assert newest(database) is None


def test_a_read_cannot_write(database):
    with database.read() as session:
        put(session, 1)
    assert newest(database) is None


def test_a_reader_sees_one_moment_and_waits_for_nobody(database):
    with database.read() as reading:
        assert platform.newest_image(reading, "base") is None
        with database.write() as session:
            put(session, 1)
            assert newest(database) is None
        assert newest(database) == "sha256:1"
        # Another table, too, is seen as it was.
        assert platform.newest_image(reading, "base") is None
        assert reading.execute(text("SELECT count(*) FROM audit")).scalar() == 0
    assert newest(database) == "sha256:1"


def test_a_write_transaction_excludes_others_from_its_first_moment(database):
    # The second may not even read before the first has ended: it would judge by old figures.
    entered, order = threading.Event(), []

    def second():
        entered.wait(30)
        with database.write() as session:
            order.append(f"second saw {platform.newest_image(session, 'base').id}")

    thread = threading.Thread(target=second)
    thread.start()
    with database.write() as session:
        entered.set()
        put(session, 1)
        order.append("first wrote")
    thread.join(30)
    assert order == ["first wrote", "second saw sha256:1"]


def test_who_waits_too_long_is_told_that_the_database_is_busy(database):
    other = Database(database.url, busy_ms=100)
    busy = pytest.raises(Unavailable, match="database is busy; try again")
    with database.write(), busy, other.write():
        pytest.fail("two write transactions at once")
    with other.write() as session:
        put(session, 1)
    other.close()


def test_the_same_row_twice_is_a_conflict(database):
    def add():
        with database.write() as session:
            parties.add_organisation(session, organisation("one"), ACT)

    add()
    with pytest.raises(Conflict, match="stored the same meanwhile") as caught:
        add()
    assert caught.value.__suppress_context__
    with database.read() as session:
        assert len(parties.organisations(session)) == 1


def test_the_same_row_from_many_threads_is_stored_once(database):
    start, ends = threading.Barrier(6), []

    def add():
        start.wait(30)
        try:
            with database.write() as session:
                parties.add_organisation(session, organisation("one"), ACT)
                platform.see_worker(session, "worker", 1.0)
                put(session, 1)
        except Conflict:
            ends.append("conflict")
        else:
            ends.append("stored")

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(ends) == ["conflict"] * 5 + ["stored"]


def test_what_comes_again_renews_the_row_from_every_thread(database):
    start = threading.Barrier(6)

    def see(number):
        start.wait(30)
        with database.write() as session:
            platform.see_worker(session, "worker", float(number))
            put(session, 1)
            log.put_document(session, log.Document(digest="d", kind="k", body=b"b"), ACT)

    threads = [threading.Thread(target=see, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with database.read() as session:
        assert [worker.name for worker in platform.workers(session, 1.0)] == ["worker"]


@pytest.mark.parametrize(("beginning", "found"), [("sha256:1", 1), ("SHA256:1", 0), ("sha256_", 0)])
def test_the_beginning_of_an_id_is_found_as_it_is_written(database, beginning, found):
    with database.write() as session:
        put(session, 1)
        query = select(platform.Image).where(
            platform.Image.id.startswith(beginning, autoescape=True)
        )
        assert len(session.scalars(query).all()) == found


@pytest.mark.parametrize("values", [{"flavour": "x" * 21}, {"flavour": "nul\0"}, {"id": "y" * 72}])
def test_what_a_column_cannot_hold_is_bad_input(postgresql_database, values):
    refused = pytest.raises(InvalidInput, match="too long or too large")
    with refused as caught, postgresql_database.write() as session:
        put(session, 1, **values)
    assert caught.value.__suppress_context__
    assert newest(postgresql_database) is None
