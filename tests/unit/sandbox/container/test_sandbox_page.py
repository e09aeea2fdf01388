import re
from pathlib import Path

from evals import confine
from sandbox.container.expectations import INSIDE as EXPECTED
from sandbox.container.expectations import OUTSIDE, Level
from sandbox.container.hardening import ENVIRONMENT, MASKED_PATHS
from sandbox.container.seccomp import IOCTLS
from sandbox.spec import Ending

_PAGE = (Path(__file__).parents[4] / "docs/sandbox.md").read_text()
_TABLE = _PAGE.split("## The run spec")[1].split("\n\n")[0]


def test_every_field_of_the_run_spec_is_on_the_page(body):
    named = set(re.findall(r"`(\w+)`", _TABLE))
    assert set(body["HostConfig"]) - named == set()
    assert {"Image", "User", "Env", "Cmd", "Labels", "Hostname", "NetworkDisabled"} <= named


def test_every_field_on_the_page_is_in_the_run_spec(body):
    first = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", _TABLE, re.MULTILINE)
    named = set(re.findall(r"\w+", " ".join(first)))
    assert len(first) > 15
    assert named - set(body) - set(body["HostConfig"]) == set()


def test_limits_on_the_page_are_those_of_the_run_spec(body):
    for limit in body["HostConfig"]["Ulimits"]:
        assert re.search(rf"\b{limit['Name']}\b", _TABLE)
    assert "512 MiB" in _TABLE
    assert body["HostConfig"]["Memory"] == 512 * 1024 * 1024


def test_figures_on_the_page():
    assert f"runs {len(EXPECTED)} probes" in _PAGE
    assert f"{len(OUTSIDE)} probes from outside" in _PAGE
    assert f"{sum(name.startswith('syscall_') for name in EXPECTED)} denied calls" in _PAGE
    assert f"{sum(name.startswith('socket_') for name in EXPECTED)} socket families" in _PAGE
    assert f"{len([p for p in MASKED_PATHS if p.count('/') == 2])} entries of `/proc`" in _PAGE
    assert len(IOCTLS) == 8
    assert len(ENVIRONMENT) == 9
    assert f"filter of {len(confine.ALLOWED)}\ncalls" in _PAGE


def test_every_should_is_said_to_be_open():
    for name, level in {**EXPECTED, **OUTSIDE}.items():
        if level is Level.SHOULD:
            assert f"`{name}`" in _PAGE


def test_every_ending_is_explained():
    assert [ending for ending in Ending if ending not in _PAGE] == []
