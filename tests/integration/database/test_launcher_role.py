"""The launcher's own role in PostgreSQL can do the launcher's work, and nothing else."""

from pathlib import Path

import psycopg
import pytest

from harness.records import platform as platform_rows
from harness.records import runs
from harness.records.base import Act
from harness.services.agreements.terms import Terms
from harness.services.launcher import office as offices
from harness.services.launcher import warrant
from harness.services.runs import reconcile
from harness.services.runs.claim import claim
from harness.services.states import Run
from sandbox.container import calls
from sandbox.container.calls import Call
from tests.support import world as worlds
from tests.twins.runtime import MemoryRuntime

GRANTS = Path(__file__).resolve().parents[3] / "deploy/postgresql/launcher.sql"
ROLE = "assay_launcher"
ACT = Act("tester", "test", 1.0)


@pytest.fixture
def world(tmp_path, postgresql_url):
    world = worlds.make(tmp_path / "data", database_url=postgresql_url, run_root=tmp_path / "run")
    yield world
    world.platform.database.close()


@pytest.fixture
def running(world):
    world.image()
    world.model()
    digest = world.suite(worlds.suite_files(worlds.simple_questions(40)))
    run_id = world.reserve(world.agree(digest, Terms(run_wall_clock_s=20, start_within_s=600)))
    held = claim(world.platform, run_id)
    now = world.platform.clock()
    with world.platform.database.write() as session:
        assert runs.move(
            session, run_id, Run.PREFLIGHT, Run.RUNNING, ACT, worker=held.worker, started_at=now
        )
    return run_id


@pytest.fixture
def as_launcher(postgresql, postgresql_url):
    """URL for the role, once the file in deploy/ has given it its rights."""
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'word'")
        connection.execute(GRANTS.read_text())
    yield f"postgresql+psycopg://{ROLE}:word@" + postgresql_url.partition("@")[2]
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as connection:
        connection.execute(f"DROP OWNED BY {ROLE}")
        connection.execute(f"DROP ROLE {ROLE}")


def test_the_role_serves_the_launcher(world, running, as_launcher, tmp_path):
    changes = {"database_url": as_launcher, "launcher": str(tmp_path / "launcher.sock")}
    office = offices.open_office(world.platform.settings.model_copy(update=changes))
    spec = warrant.spec_of(office, Call(calls.CREATE, running, 1, "joined"))
    assert spec.image == worlds.IMAGE
    reconcile.reconcile(office, MemoryRuntime())
    with office.database.write() as session:
        row = platform_rows.SelfTest(
            image=worlds.IMAGE, host="h", engine="e", digest="d", passed=True, at=1.0
        )
        platform_rows.put_selftest(session, row, ACT)
    office.database.close()
    with world.platform.database.read() as session:
        assert platform_rows.selftest(session, worlds.IMAGE, "h").passed


FORBIDDEN = (
    "UPDATE runs SET state = 'RUNNING'",
    "SELECT credential FROM models",
    "SELECT * FROM suites",
    "SELECT * FROM people",
    "SELECT subject FROM audit",
    "INSERT INTO organisation_keys DEFAULT VALUES",
    "CREATE TABLE mine (id int)",
)


def test_the_role_reads_runs_and_changes_nothing(world, as_launcher):
    with psycopg.connect(as_launcher.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SELECT id, state FROM runs")
        for statement in FORBIDDEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
