import json
from pathlib import Path

import pytest

from sandbox.gateway import answers
from sandbox.gateway.answers import Answer
from sandbox.gateway.caps import Held

PAGE = Path(__file__).parents[4] / "docs" / "gateway.md"
ALL = {name: value for name, value in vars(answers).items() if isinstance(value, Answer)}


def taken_apart(raw):
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return int(line.split(" ")[1]), dict(f.split(": ") for f in fields), body


@pytest.mark.parametrize("name", ALL)
def test_an_answer_is_whole_in_both_forms(name):
    status, headers, body = taken_apart(ALL[name].keep)
    closing = taken_apart(ALL[name].close)
    assert closing == (status, {**headers, "Connection": "close"}, body)
    if status == 204:
        assert (headers, body) == ({}, b"")
    else:
        assert int(headers["Content-Length"]) == len(body)


@pytest.mark.parametrize("name", [name for name in ALL if name != "NO_CONTENT"])
def test_the_page_names_every_status_and_code(name):
    status, _, body = taken_apart(ALL[name].keep)
    code = json.loads(body)["error"]["code"]
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    assert any(str(status) in row.split("|")[1] and f"`{code}`" in row for row in rows)


def test_the_last_event_of_a_broken_stream_is_the_502():
    data = json.loads(answers.STREAM_BROKEN.removeprefix(b"data: "))
    assert data == json.loads(taken_apart(answers.VENDOR_FAILED.keep)[2])


def test_what_is_held_stays_within_its_cap():
    held = Held(10)
    assert held.take(6)
    assert not held.take(5)
    held.give(6)
    assert held.take(10)
