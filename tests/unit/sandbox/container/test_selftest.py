import json

import pytest

from sandbox.container.expectations import INSIDE, OUTSIDE, Level, expected
from sandbox.container.outside.verdicts import Verdict
from sandbox.container.selftest import judge
from sandbox.errors import PlatformFault

_IMAGE = "sha256:" + "a" * 64


def _rows(**changes):
    return [
        {"name": name, "held": changes.get(name, True), "detail": "0"} for name in sorted(INSIDE)
    ]


def _seen(**changes):
    return {name: Verdict(changes.get(name, True)) for name in OUTSIDE}


def _judge(rows, seen=None, image=_IMAGE, runtime="runc"):
    return judge(json.dumps(rows).encode(), _seen() if seen is None else seen, image, runtime)


def _first(level, of=INSIDE):
    return next(name for name in of if of[name] is level)


def test_everything_holds():
    result = _judge(_rows())
    assert result.passed
    assert {probe.name for probe in result.probes} == set(INSIDE) | set(OUTSIDE)
    assert {probe.name for probe in result.probes if probe.outside} == set(OUTSIDE)


def test_a_must_that_does_not_hold_fails_it():
    assert not _judge(_rows(**{_first(Level.MUST): False})).passed


def test_a_must_that_is_not_seen_from_outside_fails_it():
    name = _first(Level.MUST, OUTSIDE)
    assert not _judge(_rows(), _seen(**{name: False})).passed
    seen = _seen()
    del seen[name]
    assert not _judge(_rows(), seen).passed
    assert _judge(_rows(), _seen(**{_first(Level.SHOULD, OUTSIDE): False})).passed


def test_a_guest_says_nothing_for_those_outside():
    rows = [*_rows(), {"name": _first(Level.MUST, OUTSIDE), "held": True, "detail": ""}]
    with pytest.raises(PlatformFault, match="probes_invalid"):
        _judge(rows)


def test_every_runtime_expects_every_probe():
    assert set(expected("runc")) == set(expected("runsc")) == set(INSIDE) | set(OUTSIDE)
    assert not set(INSIDE) & set(OUTSIDE)
    assert len(INSIDE) >= 100
    assert len(OUTSIDE) >= 15


def test_a_should_that_does_not_hold_does_not():
    result = _judge(_rows(**{_first(Level.SHOULD): False}))
    assert result.passed
    assert result.digest != _judge(_rows()).digest


def test_a_probe_that_says_nothing_does_not_hold():
    rows = [row for row in _rows() if row["name"] != _first(Level.MUST)]
    result = _judge(rows)
    assert not result.passed
    assert {probe.detail for probe in result.probes} == {"0", "", "missing"}


def test_the_digest_covers_image_runtime_and_outcome_but_no_order():
    digest = _judge(_rows()).digest
    assert _judge(_rows()[::-1]).digest == digest
    assert _judge(_rows(), image="sha256:" + "b" * 64).digest != digest
    assert _judge(_rows(), runtime="runsc").digest != digest


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"{}",
        b"[1]",
        b"\xff",
        b'[{"name": "no_route", "held": true}]',
        b'[{"name": "unheard_of", "held": true, "detail": ""}]',
        b'[{"name": "no_route", "held": 1, "detail": ""}]',
        b'[{"name": "no_route", "held": true, "detail": "<script>"}]',
        b'[{"name": ["no_route"], "held": true, "detail": ""}]',
        b'[{"name": "no_route", "held": true, "detail": "%s"}]' % (b"x" * 33),
        b'[{"name": "no_route", "held": true, "detail": "", "more": 1}]',
        (
            b'[{"name": "no_route", "held": true, "detail": ""},'
            b' {"name": "no_route", "held": true, "detail": ""}]'
        ),
    ],
)
def test_anything_else_is_refused(said):
    with pytest.raises(PlatformFault) as caught:
        judge(said, _seen(), _IMAGE, "runc")
    assert caught.value.code == "probes_invalid"
