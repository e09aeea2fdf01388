"""Settings: read from the environment, refused with the variable's name, documented."""

from pathlib import Path

import pytest

from harness import config
from harness.config import SettingsInvalid
from sandbox.container import requirements
from sandbox.container.facts import Facts

ROOT = Path(__file__).parents[3]
PAGE = "from harness import config; print(config.page(), end='')"


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in config.Settings.model_fields:
        monkeypatch.delenv(f"ASSAY_{name.upper()}", raising=False)


def refusal(monkeypatch, **values):
    for name, value in values.items():
        monkeypatch.setenv(f"ASSAY_{name.upper()}", value)
    with pytest.raises(SettingsInvalid) as caught:
        config.load()
    return caught.value.problems


def test_the_page_of_settings_is_in_step():
    page = (ROOT / "docs/settings.md").read_text()
    assert page == config.page(), f'write it again: .venv/bin/python -c "{PAGE}"'


def test_every_setting_is_described():
    assert all(field.description for field in config.Settings.model_fields.values())


def test_the_embedded_default_needs_nothing():
    settings = config.load()
    assert settings.database == f"sqlite:///{Path('var/assay').resolve()}/assay.sqlite3"
    assert settings.queue_dir == Path("var/assay/queue")


def test_variables_are_read(monkeypatch):
    monkeypatch.setenv("ASSAY_DATA_DIR", "/srv/assay")
    monkeypatch.setenv("ASSAY_LEASE_S", "5")
    settings = config.load()
    assert (settings.data_dir, settings.lease_s) == (Path("/srv/assay"), 5)
    assert settings.keys_dir == Path("/srv/assay/keys")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sandbox_require", "userns, lsm"),
        ("sandbox_require", "userns,"),
        ("sandbox_require", "apparmor"),
        ("sandbox_require", "min_runc:new"),
        ("worker_slots", "many"),
        ("worker_slots", "0"),
        ("worker_slots", "65"),
        ("lease_s", "2"),
        ("lease_s", "3.5"),
        ("sweep_s", ""),
        ("run_root", "relative/folder"),
        ("run_root", ""),
        ("run_root", "/" + "x" * 90),
        ("sandbox_runtime", "kata"),
        ("log_origin", "https://example.org/log"),
        ("log_origin", "example.org/" + "x" * 189),
        ("operator", "Not A Name"),
        ("max_wall_clock_s", "9"),
        ("database_url", "assay.sqlite3"),
        ("database_url", "mysql://host/assay"),
        ("broker_url", "localhost"),
        ("broker_url", "nosuch://host"),
    ],
)
def test_a_bad_value_is_named_with_its_variable(monkeypatch, name, value):
    (problem,) = refusal(monkeypatch, **{name: value})
    assert problem.startswith(f"ASSAY_{name.upper()}: ")
    assert "Value error" not in problem


def test_every_bad_value_is_named_at_once(monkeypatch):
    problems = refusal(monkeypatch, lease_s="x", sweep_s="y", operator="!")
    assert [line.partition(":")[0] for line in problems] == [
        "ASSAY_LEASE_S",
        "ASSAY_SWEEP_S",
        "ASSAY_OPERATOR",
    ]


def test_a_long_run_root_says_how_long_it_may_be(monkeypatch):
    (problem,) = refusal(monkeypatch, run_root="/" + "x" * 90)
    assert problem == ("ASSAY_RUN_ROOT: is 91 characters long; a socket below it needs at most 85")
    monkeypatch.setenv("ASSAY_RUN_ROOT", "/" + "x" * 84)
    assert len(str(config.load().run_root)) == 85


def test_a_refusal_never_shows_the_value(monkeypatch):
    # A database's URL may hold a password.
    (problem,) = refusal(monkeypatch, database_url="mysql://user:hunter2@host/db")
    assert "hunter2" not in problem
    monkeypatch.setenv("ASSAY_DATABASE_URL", "postgresql://user:hunter2@host/db")
    monkeypatch.setenv("ASSAY_BROKER_URL", "redis://:hunter2@host/0")
    settings = config.load()
    assert "hunter2" in settings.database_url + settings.broker_url
    assert "hunter2" not in f"{settings} {settings!r}"


def test_a_slip_of_the_pen_is_refused_and_not_ignored(monkeypatch):
    assert refusal(monkeypatch, datadir="/srv/assay") == (
        "ASSAY_DATADIR: no such setting; did you mean ASSAY_DATA_DIR?",
    )


def test_variables_of_other_programs_are_left_alone(monkeypatch):
    monkeypatch.setenv("ASSAY_SHARED_DATA", "/somewhere")
    monkeypatch.setenv("ASSAY_PYTHON", "python3.11")
    monkeypatch.setenv("NOT_ASSAY_DATA_DI", "x")
    config.load()


def test_every_requirement_that_is_taken_is_understood(monkeypatch):
    monkeypatch.setenv("ASSAY_SANDBOX_REQUIRE", "userns,lsm,cgroup_v2,min_runc:1.2.8,runtime:runsc")
    words = config.load().requirements
    facts = Facts("", "", "9.9.9", "", 2, frozenset({"userns", "selinux"}), frozenset({"runsc"}), 0)
    assert len(words) == 5
    assert list(requirements.unmet(words, facts)) == []
