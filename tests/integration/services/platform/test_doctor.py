"""Doctor: each thing that can be wrong is named, with what helps, and hides nothing else."""

import json
import os
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import text

from harness.config import Settings
from harness.services.platform import doctor
from harness.services.platform.opening import write_secret
from tests.support import world as worlds
from tests.support.copies import copy


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    world = worlds.make(tmp_path_factory.mktemp("made") / "data")
    world.image()
    world.suite(worlds.suite_files(worlds.simple_questions(20)))
    return world


@pytest.fixture
def world(made, tmp_path):
    copied = copy(made, tmp_path / "data", listen="127.0.0.1:0")
    yield copied
    copied.platform.database.close()


def by_name(findings):
    found = {finding.name: finding for finding in findings}
    assert len(found) == len(findings)
    return found


def examine(settings):
    return by_name(doctor.examine(settings))


def opened(platform):
    return by_name(doctor.examine_open(platform))


def test_a_folder_in_order(world):
    found = opened(world.platform)
    expected = {"engine", "worker user", "run folder", "disk", "keys", "pages", "cookies", "web"}
    expected |= {"database", "migrations", "clock", "image", "self-test", "log", "ledger"}
    expected |= {"workers", "broker", "neighbours", "limits", "privileges", "containers"}
    expected |= {"requirements", "noise"}
    assert set(found) == expected
    in_order = expected - {"engine", "worker user", "run folder", "disk", "pages", "self-test"}
    in_order -= {"workers", "broker", "neighbours", "limits", "privileges", "containers"}
    for name in in_order:
        assert found[name].ok, found[name]
        assert found[name].remedy == ""
    assert found["workers"].remedy == "assay serve"
    # The same from outside.
    world.platform.database.close()
    assert set(examine(world.platform.settings)) == set(found)


def test_models_that_share_a_host_are_named(world):
    assert "one model" in opened(world.platform)["neighbours"].detail
    shared = world.platform.settings.model_copy(update={"one_vendor_per_host": False})
    found = opened(replace(world.platform, settings=shared))["neighbours"]
    assert "ASSAY_ONE_VENDOR_PER_HOST" in found.detail


def test_a_host_with_less_than_a_suite_may_ask_for_is_named(world):
    modest = {"max_memory_mib": 64, "max_cpus": 1}
    settings = world.platform.settings.model_copy(update=modest)
    assert examine(settings)["limits"].detail == "this host has what a suite may ask for"
    greedy = settings.model_copy(update={"max_memory_mib": 2**30, "max_cpus": 10**6})
    found = examine(greedy)["limits"].detail
    assert f"{os.cpu_count()} processor" in found
    assert "ASSAY_MAX_MEMORY_MIB" in found


def test_who_holds_the_engine_is_said(world, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
    embedded = opened(world.platform)
    assert embedded["privileges"].ok
    assert "in one process tree" in embedded["privileges"].detail
    changes = {"launcher": str(tmp_path / "launcher.sock")}
    split = replace(world.platform, settings=world.platform.settings.model_copy(update=changes))
    found = opened(split)
    assert found["privileges"].ok
    assert found["privileges"].detail == "the launcher alone holds the container engine"
    assert found["worker user"].ok
    assert not found["engine"].ok
    assert found["engine"].remedy.startswith("assay launcher")
    # This very process could go past the launcher.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "engine.sock"))
        listener.listen()
        assert not opened(split)["privileges"].ok
        assert opened(split)["privileges"].remedy


def test_nothing_there_yet(tmp_path):
    found = examine(Settings(data_dir=tmp_path / "none", listen="127.0.0.1:0"))
    assert not found["keys"].ok
    assert found["database"].remedy == "assay db upgrade"
    assert found["disk"].ok
    assert list(tmp_path.iterdir()) == []


def test_keys_that_others_may_read(world):
    (world.platform.settings.keys_dir / "log.key").chmod(0o640)
    found = opened(world.platform)
    assert not found["keys"].ok
    assert "log.key" in found["keys"].detail
    assert "vault" not in found["keys"].detail
    assert found["keys"].remedy.startswith("chmod")


def test_a_log_that_another_key_signed(world):
    key = world.platform.settings.keys_dir / "log.key"
    key.unlink()
    write_secret(key, bytes(range(32)))
    found = examine(world.platform.settings)
    assert not found["log"].ok
    assert "log key" in found["log"].detail
    assert found["migrations"].ok


@pytest.mark.parametrize(
    ("statement", "says", "remedy"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "behind", "assay db upgrade"),
        ("DELETE FROM alembic_version", "no tables yet", "assay db upgrade"),
        ("UPDATE alembic_version SET version_num = '9999'", "install the newer Assay", ""),
    ],
)
def test_a_schema_of_another_version(world, statement, says, remedy):
    with world.platform.database.write() as session:
        session.execute(text(statement))
    world.platform.database.close()
    found = examine(world.platform.settings)
    assert found["database"].ok
    assert not found["migrations"].ok
    assert says in found["migrations"].detail
    assert found["migrations"].remedy == remedy


def test_a_database_that_does_not_answer(world):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://user:secret-word@127.0.0.1:{probe.getsockname()[1]}/name"
    settings = world.platform.settings.model_copy(update={"database_url": url})
    found = doctor.examine(Settings(**settings.model_dump()))
    assert not by_name(found)["database"].ok
    assert "does not answer" in by_name(found)["database"].detail
    assert "secret-word" not in json.dumps([str(finding) for finding in found])


def test_a_clock_that_is_wrong(world):
    platform = world.platform
    assert opened(platform)["clock"].ok
    seen = [
        opened(replace(platform, clock=lambda by=by: platform.clock() + by))["clock"]
        for by in (-3600, 3600)
    ]
    assert [finding.ok for finding in seen] == [False, False]
    assert "behind what is stored" in seen[0].detail
    assert "apart from the database server's" in seen[1].detail
    assert "years behind" in opened(replace(platform, clock=lambda: 1e9))["clock"].detail


@contextmanager
def answering(answer):
    """Somebody who says the same to everybody; the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    stream, _ = listener.accept()
                except OSError:
                    return
                with stream:
                    stream.recv(1000)
                    stream.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(30)


@pytest.mark.parametrize(
    ("answer", "ok", "says"),
    [
        (b'HTTP/1.1 200 OK\r\n\r\n{"status":"live"}', True, "answers"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", False, "another program"),
    ],
)
def test_who_answers_where_the_web_should(tmp_path, answer, ok, says):
    with answering(answer) as port:
        found = examine(Settings(data_dir=tmp_path, listen=f"127.0.0.1:{port}"))
    assert found["web"].ok is ok
    assert says in found["web"].detail
    # And when nobody does.
    found = examine(Settings(data_dir=tmp_path, listen=f"127.0.0.1:{port}"))
    assert not found["web"].ok
    assert found["web"].remedy == "assay serve"
