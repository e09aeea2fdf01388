"""What a host must have: every word is understood or refused, and every lack is named."""

from dataclasses import replace

import pytest

from sandbox.container import requirements
from sandbox.container.facts import Facts

_MODEST = Facts("20.10.24", "1.6.20", "1.1.5", "6.1.0", 1, frozenset(), frozenset({"runc"}), 0)
_FULL = replace(
    _MODEST,
    runc="1.2.8",
    cgroups=2,
    security=frozenset({"userns", "apparmor"}),
    runtimes=frozenset({"runc", "runsc"}),
)
_ALL = ("userns", "lsm", "cgroup_v2", "min_runc:1.2.8", "runtime:runsc")


def test_a_host_that_has_everything():
    assert list(requirements.unmet(_ALL, _FULL)) == []


def test_everything_that_is_missing_is_named_at_once_with_what_helps():
    found = list(requirements.unmet(_ALL, _MODEST))
    assert [word for word, _, _ in found] == list(_ALL)
    assert all(instead and remedy for _, instead, remedy in found)
    assert found[3][1] == "runc is 1.1.5"
    assert found[4][1] == "the engine knows runc"


def test_nothing_is_required_where_nothing_is_asked():
    assert list(requirements.unmet((), _MODEST)) == []


@pytest.mark.parametrize(
    ("has", "needs", "met"),
    [
        ("1.2.8", "1.2.8", True),
        ("1.2.8", "1.2", True),
        ("1.2", "1.2.1", False),
        ("1.10.0", "1.9.9", True),
        ("1.3.0-rc.1+dev", "1.2.8", True),
        ("v1.2.9", "1.2.8", True),
        ("", "0.0.0", False),
        ("unknown", "0", False),
    ],
)
def test_versions_are_compared_as_numbers(has, needs, met):
    found = list(requirements.unmet((f"min_runc:{needs}",), replace(_FULL, runc=has)))
    assert (found == []) is met


@pytest.mark.parametrize(
    "word", ["", "user_ns", "min_runc", "min_runc:", "min_runc:1.x", "runtime:", "runtime:a b", "*"]
)
def test_a_word_that_means_nothing_is_never_met(word):
    assert [name for name, _, _ in requirements.unmet(("userns", word), _FULL)] == [word]
