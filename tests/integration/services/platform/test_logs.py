"""A log that says what happens, and not the same all day."""

import logging

from harness.services.platform.logs import Seldom


def record(text, *args):
    return logging.LogRecord("harness.queue", logging.WARNING, "", 1, text, args, None)


def test_the_same_line_passes_once_and_another_passes(monkeypatch):
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    seldom = Seldom()
    assert seldom.filter(record("nudge not sent kind=%s", "A"))
    assert not seldom.filter(record("nudge not sent kind=%s", "A"))
    assert seldom.filter(record("nudge not sent kind=%s", "B"))
    now += 601
    assert seldom.filter(record("nudge not sent kind=%s", "A"))
    assert not seldom.filter(record("nudge not sent kind=%s", "A"))


def test_it_does_not_grow_for_ever():
    seldom = Seldom()
    assert all(seldom.filter(record("line %d", number)) for number in range(3000))
    assert len(seldom._said) <= 1000
