"""Whatever a guest or a vendor sends, no error of ours repeats any of it: not as text, not as a
cause, not in a log, not as a task's result.

A canary stands in every place of what is sent, and is looked for in everything that the reader
says: the error, all that hangs on it, and the whole traceback. As the control, readers that say
what they read are caught by the same look.
"""

import importlib
import json
import logging
import traceback
from contextlib import suppress
from functools import partial

import pytest
from pydantic import BaseModel, ConfigDict

from evals import outputs, wire
from harness import queue
from harness.disclosure import gate
from harness.disclosure.bits import Policy as Disclosure
from harness.disclosure.bits import report_alphabet
from harness.disclosure.cells import Cell, Kind
from harness.disclosure.metrics import Field, Plan
from sandbox.gateway import rows
from sandbox.gateway.replies import Frame, rebuild
from sandbox.gateway.sse import EventReader
from sandbox.gateway.streams import Stream
from sandbox.spec import ScoreField, ScoreSchema
from tests.unit.sandbox.gateway.test_policy import POLICY

CANARY = "zyzzyva4711"
SCHEMA = ScoreSchema(("s",), 1, (ScoreField("correct", 0, 1),))
FRAME = Frame(number=9, created=5, role="target", choices=1, logprobs=False, include_usage=False)
CELL = Cell("accuracy", "correct", Kind.PROPORTION, 0, 1, (), 5, 20)
PLAN = Plan((Field("correct", 0, 1),), tuple({} for _ in range(20)), 1)

GOOD_ROW = {"epoch": 0, "values": {"correct": 1}}
GOOD_REPLY = {
    "id": "x",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
GOOD_REQUEST = {"model": "target", "messages": [{"role": "user", "content": "x"}]}


class Said(str):
    """Text that is no plain text."""

    __slots__ = ()


def places(value):
    """The same value with the canary in each of its places, under each name and beside all."""
    if isinstance(value, dict):
        for name, item in value.items():
            rest = {other: kept for other, kept in value.items() if other != name}
            yield rest
            yield {**rest, f"{name}{CANARY}": item}
            yield from ({**value, name: changed} for changed in places(item))
        yield {**value, CANARY: CANARY}
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for changed in places(item):
                yield [*value[:index], changed, *value[index + 1 :]]
        yield [*value, CANARY]
    yield from (CANARY, [CANARY], {CANARY: CANARY}, -1, 10**30, 1.5, None, True)


def sent(value):
    """Bytes to send: every changed value, and what is no JSON at all."""
    for changed in places(value):
        yield json.dumps(changed).encode()
    text = json.dumps(value)
    yield f'{{"{CANARY}": 1, "{CANARY}": 2}}'.encode()
    yield f"{text}{CANARY}".encode()
    yield text.replace(":", f": {CANARY}", 1).encode()
    yield CANARY.encode() + b"\xff\xfe"
    yield b"[" * 3000 + CANARY.encode()
    yield f'"{CANARY}'.encode()
    yield f'{{"epoch": 1e400, "values": "{CANARY}"}}'.encode()


def book(kind, body):
    made = kind(SCHEMA)
    made.take("s", body)
    made.close(2)


def streamed(body):
    stream = Stream(FRAME, 4096)
    stream.feed(b"data: " + body + b"\n\n")
    stream.close()


# Rows as no reader would let them through.
BAD_ROWS = {
    "values": lambda body: (0, 0, body.decode("latin-1")),
    "bytes": lambda body: (0, 0, (body,)),
    "sample": lambda _: (CANARY, 0, (1,)),
    "epoch": lambda _: (0, CANARY, (1,)),
    "subclass": lambda _: (0, 0, (Said(CANARY),)),
    "shape": lambda body: body,
}


def released(body, bad):
    given = [bad(body), *((sample, 0, (1,)) for sample in range(1, 20))]
    charged = report_alphabet([CELL], Disclosure())
    gate.release_rows(given, PLAN, [CELL], Disclosure(), charged=charged)


READERS = {
    "a score row": (lambda body: wire.parse_score("s", body), GOOD_ROW),
    "a score row's name": (lambda body: wire.parse_score(body.decode("latin-1"), b"{}"), GOOD_ROW),
    "an output": (lambda body: outputs.parse("s", body), {"epoch": 0, "text": "x"}),
    "the end": (wire.parse_end, {"rows": 1}),
    "a book of scores": (lambda body: book(rows.Scores, body), GOOD_ROW),
    "a book of outputs": (lambda body: book(rows.Outputs, body), {"epoch": 0, "text": "x"}),
    "a call": (POLICY.prepare, GOOD_REQUEST),
    "a reply": (lambda body: rebuild(body, FRAME), GOOD_REPLY),
    "a streamed reply": (streamed, GOOD_REPLY),
    "events": (lambda body: EventReader(8).feed(body * 9), GOOD_REPLY),
    **{
        f"the gate, {name}": (partial(released, bad=bad), GOOD_ROW)
        for name, bad in BAD_ROWS.items()
    },
}


def everything(error):
    """All that an error can tell: it, its fields, whatever hangs on it, and the traceback."""
    told = traceback.format_exception(error)
    waiting, seen = [error], []
    while waiting:
        one = waiting.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        told += [str(one), repr(one), repr(one.args), repr(vars(one))]
        # Also what a traceback would not show: `from None` hides a context and keeps it.
        waiting += [one.__cause__, one.__context__]
    return "".join(told)


def errors(reader, value):
    for body in sent(value):
        try:
            reader(body)
        except Exception as error:  # noqa: BLE001 - whatever comes out is looked at
            yield everything(error)


@pytest.mark.parametrize("name", READERS)
def test_no_error_repeats_what_was_sent(name, caplog):
    caplog.set_level(logging.DEBUG)
    told = list(errors(*READERS[name]))
    assert len(told) >= 3
    assert [text for text in told if CANARY in text] == []
    assert CANARY not in caplog.text


class Naive(BaseModel):
    """A row as a library for forms would read it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    epoch: int
    values: dict[str, int]


NAIVE = {
    "pydantic": Naive.model_validate_json,
    "json": json.loads,
    "int": lambda body: int(json.loads(body)["epoch"]),
}


@pytest.mark.parametrize("reader", NAIVE.values(), ids=NAIVE)
def test_control_readers_that_repeat_what_they_read_are_caught(reader):
    assert any(CANARY in text for text in errors(reader, GOOD_ROW))


class Speaking:
    """A platform whose every part fails with words of a guest's."""

    def __getattr__(self, name):
        raise RuntimeError(f"cannot {name}: {CANARY}")


def test_a_task_that_fails_says_its_kind_and_has_no_result(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("ASSAY_DATA_DIR", str(tmp_path))
    worker = importlib.import_module("harness.worker")
    monkeypatch.setitem(worker._opened, "platform", Speaking())
    caplog.set_level(logging.DEBUG)
    done = worker.app.tasks[queue.RUN_TASK].apply(args=["0123456789abcdef"])
    assert (done.state, done.result, done.traceback) == ("SUCCESS", None, None)
    assert "task failed" in caplog.text
    assert [record.kind for record in caplog.records if record.msg == "task failed"] == [
        "RuntimeError"
    ]
    assert CANARY not in caplog.text
    assert not any(record.exc_info for record in caplog.records)
    # Nothing is kept of a task, whatever it returns; its argument is a run's id alone.
    assert worker.app.conf.task_ignore_result
    assert worker.app.conf.result_backend is None
    assert not worker.app.conf.task_store_errors_even_if_ignored


def test_control_the_queue_would_print_what_escapes(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("ASSAY_DATA_DIR", str(tmp_path))
    app = importlib.import_module("harness.worker").app

    @app.task(name="control")
    def escapes():
        raise RuntimeError(CANARY)

    with suppress(RuntimeError):
        escapes.apply()
    del app.tasks["control"]
    assert CANARY in caplog.text
