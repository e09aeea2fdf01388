"""PostgreSQL's failures are sentences, never show a password, and pass."""

import pytest

from harness.errors import Unavailable
from harness.records import platform
from harness.records.database import Database, check_schema, upgrade
from tests.support.servers import postgresql as servers
from tests.support.servers.process import HOST, PASSWORD, USER, free_port


@pytest.fixture
def own():
    """A server that the test may kill."""
    with servers.postgresql("max_connections=8", "superuser_reserved_connections=0") as server:
        yield server


def seen(database):
    with database.read() as session:
        return len(platform.workers(session, 0.0))


def see(database, name):
    with database.write() as session:
        platform.see_worker(session, name, 1.0)


def sentence(act):
    """What is said when an act fails; nothing of the driver's own may hang on to it."""
    with pytest.raises(Unavailable) as caught:
        act()
    assert caught.value.__suppress_context__
    said = str(caught.value)
    assert PASSWORD not in said
    assert HOST not in said
    return said


def sentence_of(url):
    database = Database(url)
    said = sentence(lambda: check_schema(database))
    database.close()
    assert sentence(lambda: upgrade(url)) == said
    return said


def test_nobody_listens():
    url = f"postgresql+psycopg://{USER}:{PASSWORD}@{HOST}:{free_port()}/assay"
    assert sentence_of(url) == (
        "the postgresql database does not answer: start it, or correct host and port in "
        "ASSAY_DATABASE_URL"
    )


@pytest.mark.parametrize("change", [(PASSWORD, "wrong"), (USER, "nobody"), (f":{PASSWORD}", "")])
def test_the_server_refuses_who_asks(postgresql_url, change):
    assert sentence_of(postgresql_url.replace(*change)) == (
        "the postgresql database refuses the user or the password of ASSAY_DATABASE_URL: "
        "correct them"
    )


def test_no_such_database(postgresql):
    assert "no database of the name in ASSAY_DATABASE_URL: make it with `createdb`" in (
        sentence_of(f"{postgresql.url}-nowhere")
    )


def test_a_user_who_may_not_make_tables(postgresql, postgresql_url):
    postgresql.execute(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")
    guest = postgresql_url.replace(f"{USER}:", "guest:")
    said = sentence(lambda: upgrade(guest))
    assert said == (
        "the user of ASSAY_DATABASE_URL may not do this: make it the owner of the postgresql "
        "database"
    )
    postgresql.execute("DROP ROLE guest")


def test_a_database_that_can_only_be_read(postgresql_database, postgresql):
    name = postgresql_database.url.rpartition("/")[2]
    postgresql.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    postgresql_database.close()
    assert seen(postgresql_database) == 0
    assert "can only be read" in sentence(lambda: see(postgresql_database, "one"))


def test_no_connection_is_left(own):
    upgrade(own.url)
    databases = [Database(own.url) for _ in range(9)]

    def hold(rest):
        if not rest:
            pytest.fail("more connections than the server has")
        with rest[0].read() as session:
            platform.workers(session, 0.0)
            hold(rest[1:])

    assert "has no connection left" in sentence(lambda: hold(databases))
    assert seen(databases[0]) == 0
    for database in databases:
        database.close()


def test_a_killed_server_is_a_sentence_and_its_return_needs_no_help(own):
    upgrade(own.url)
    database = Database(own.url)
    see(database, "before")
    # Its last words may reach us, or not.
    lost = pytest.raises(Unavailable, match=r"does not answer|is starting or stopping")
    with lost, database.write() as session:
        platform.see_worker(session, "during", 1.0)
        own.kill()
    assert "does not answer" in sentence(lambda: see(database, "during"))
    assert "does not answer" in sentence(lambda: seen(database))
    own.start()
    # Not one request fails once it is back, though the pool is full of dead connections.
    assert seen(database) == 1
    see(database, "after")
    assert seen(database) == 2
    database.close()


def test_a_writer_whose_connection_dies_holds_nobody_up(postgresql_database, postgresql):
    other = Database(postgresql_database.url)
    with pytest.raises(Unavailable), postgresql_database.write() as session:
        platform.see_worker(session, "lost", 1.0)
        session.flush()
        postgresql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype='advisory'"
        )
        see(other, "other")
        session.flush()
        platform.workers(session, 0.0)
    assert seen(other) == 1
    see(postgresql_database, "again")
    assert seen(other) == 2
    other.close()


def test_a_writer_that_hangs_is_ended(postgresql_database):
    with postgresql_database.read() as session:
        held = session.connection().exec_driver_sql("SHOW idle_in_transaction_session_timeout")
        assert held.scalar() == "30s"
