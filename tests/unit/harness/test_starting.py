"""A process that starts by `harness.starting`, and what its collector of garbage does."""

import subprocess
import sys
from pathlib import Path

import pytest

import harness

_CODE = Path(harness.__file__).parents[1]

_MODULE = """
import gc, sys
AT_LOAD = gc.isenabled(), gc.get_freeze_count() > 0
def main():
    print(AT_LOAD, (gc.isenabled(), gc.get_freeze_count() > 0), sys.argv)
    from harness.starting import loading
    frozen = gc.get_freeze_count()
    with loading():
        made = [[] for _ in range(100)]
        print(gc.isenabled())
    print(gc.get_freeze_count() == frozen)
"""
_BROKEN = """
import gc
from harness.starting import loading
try:
    with loading():
        raise ImportError
except ImportError:
    print(gc.isenabled(), gc.get_freeze_count())
"""


@pytest.fixture
def python(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{_CODE}")

    def run(*words):
        done = subprocess.run((sys.executable, *words), capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    return run


def test_a_module_is_loaded_without_and_runs_with_it(python, tmp_path):
    (tmp_path / "started.py").write_text(_MODULE)
    loaded, meanwhile, frozen = python("-m", "harness.starting", "started", "3", "--word")
    assert loaded == "(False, False) (True, True) ['started', '3', '--word']"
    # What was loaded once is not frozen again, with all the garbage made since.
    assert (meanwhile, frozen) == ("True", "True")


def test_it_is_back_when_loading_fails(python):
    assert python("-c", _BROKEN) == ["True 0"]
