"""Errors end a real process with a line for each problem, and never with a traceback."""

import os
import subprocess
import sys

import pytest


def assay_process(folder, *words, stdin=b"", **environment):
    variables = {name: value for name, value in os.environ.items() if "ASSAY" not in name}
    return subprocess.run(
        [sys.executable, "-m", "harness.cli.main", *words],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=folder,
        env={**variables, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )


def test_a_folder_without_assay(tmp_path):
    done = assay_process(tmp_path, "people", "list", ASSAY_DATA_DIR="nothing")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == (
        "unavailable no Assay in nothing: run `assay db upgrade`, or set ASSAY_DATA_DIR\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_each_wrong_setting_has_its_line(tmp_path):
    settings = {"ASSAY_WORKER_SLOTS": "none", "ASSAY_LEASE_S": "0", "ASSAY_DATA_DIR": "data"}
    done = assay_process(tmp_path, "db", "upgrade", **settings)
    assert done.returncode == 2
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 2
    assert [line.split()[1] for line in lines] == ["ASSAY_WORKER_SLOTS:", "ASSAY_LEASE_S:"]
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_with_a_suite_has_a_line_each(tmp_path):
    (tmp_path / "suite.yaml").write_text("schema: assay.suite/1\nfavourite: blue\n")
    done = assay_process(tmp_path, "suite", "check", ".")
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2
    assert len(lines) > 5
    assert {line.split(":")[0] for line in lines} == {"invalid_input suite.yaml"}


def test_a_full_disk_is_said_in_a_line(tmp_path):
    # /dev/full refuses every byte: standard output is the first file that a command needs.
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli.main", "verify", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    assert done.returncode != 0
    assert b"No space left on device" in done.stderr


def test_a_terminal_without_the_letters_is_still_served(tmp_path):
    done = assay_process(tmp_path, "verify", "--help", PYTHONIOENCODING="ascii", COLUMNS="200")
    assert done.returncode == 0
    assert b"sha256:" in done.stdout


def test_a_data_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    done = assay_process(tmp_path, "db", "upgrade", ASSAY_DATA_DIR="file/data")
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert lines[-1].startswith("unavailable the data folder cannot be made")
    assert b"Traceback" not in done.stderr


def test_nobody_is_signed_in_on_a_new_machine(tmp_path):
    done = assay_process(tmp_path, "run", "list", XDG_CONFIG_HOME="config")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == (
        "not_signed_in sign in with `assay login URL`, or set ASSAY_SERVER and ASSAY_TOKEN\n"
    )
    assert list(tmp_path.iterdir()) == []


LOADED = (
    "import sys; from harness.cli import main; main.build(sys.argv[1:]);"
    "heavy = {'sqlalchemy', 'celery', 'docker', 'alembic', 'httpx', 'fastapi'};"
    "print(*sorted(heavy & sys.modules.keys()))"
)


def loaded(*names):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *names], capture_output=True, check=True, text=True
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    "name",
    [
        *("verify", "rank", "sign", "keys", "suite", "protocol", "run", "report", "org", "model"),
        *("login", "logout", "profile"),
    ],
)
def test_a_party_loads_no_database_queue_or_engine_and_http_only_to_talk(name):
    assert loaded(name) == []


def test_control_the_rule_would_see_a_database():
    assert "sqlalchemy" in loaded("people")
