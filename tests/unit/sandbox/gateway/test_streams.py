import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import VendorFault
from sandbox.gateway.replies import Frame, ReplyMalformed
from sandbox.gateway.streams import Stream
from tests.integration.gateway.scripted_vendor import USAGE_EVENT, event

OPENING = event({"role": "assistant", "content": ""})
FINISH = event({}, "stop")
DONE = b"data: [DONE]\n\n"
WHOLE = OPENING + event({"content": "a"}) + event({"content": "b"}) + FINISH + USAGE_EVENT + DONE


def stream(choices=1, *, logprobs=False, include_usage=False, cap=10_000):
    frame = Frame(9, 5, "target", choices, logprobs=logprobs, include_usage=include_usage)
    return Stream(frame, cap)


def parsed(out):
    events = [part.removeprefix(b"data: ") for part in out.split(b"\n\n") if part]
    assert events[-1] == b"[DONE]"
    return [json.loads(data) for data in events[:-1]]


def text(out):
    return "".join(c["delta"].get("content") or "" for e in parsed(out) for c in e["choices"])


@given(st.lists(st.integers(0, len(WHOLE)), max_size=30))
def test_however_the_bytes_are_cut_the_reply_is_the_same(cuts):
    edges = [0, *sorted(cuts), len(WHOLE)]
    made = stream()
    out = b"".join(made.feed(WHOLE[start:end]) for start, end in pairwise(edges))
    out += made.close()
    assert text(out) == "ab"
    assert made.usage.completion_tokens == 3


def test_nothing_comes_out_before_something_is_said():
    made = stream()
    assert made.feed(OPENING + event({}) + USAGE_EVENT) == b""
    assert not made.started
    assert made.feed(event({"content": "a"})).count(b"data: ") == 3
    assert made.started


def test_only_known_fields_are_rebuilt():
    made = stream()
    extra = event({"content": "a", "reasoning_content": "canary"}, canary="canary")
    out = made.feed(extra + FINISH) + made.close()
    assert b"canary" not in out
    assert b"vendor" not in out
    first = parsed(out)[0]
    assert (first["id"], first["model"], first["created"]) == ("chatcmpl-9", "target", 5)


def test_usage_comes_last_and_only_if_asked_for():
    asked, not_asked = stream(include_usage=True), stream()
    out = parsed(asked.feed(WHOLE) + asked.close())
    assert [e["usage"] is None for e in out] == [True] * (len(out) - 1) + [False]
    assert b"usage" not in not_asked.feed(WHOLE) + not_asked.close()


def test_every_choice_must_end():
    made = stream(choices=2)
    made.feed(event({"content": "a"}) + FINISH)
    assert not made.complete
    with pytest.raises(ReplyMalformed):
        made.close()
    second = FINISH.replace(b'"index": 0', b'"index": 1')
    made.feed(second)
    assert made.complete


def test_what_follows_the_end_is_dropped():
    made = stream()
    assert b"canary" not in made.feed(WHOLE + event({"content": "canary"})) + made.close()


@pytest.mark.parametrize(
    "bad",
    [
        b"data: {\n\n",
        b'data: {"error":{"message":"canary"}}\n\n',
        event({"content": 5}),
        event({"content": "x"}).replace(b'"index": 0', b'"index": 1'),
        b"data: " + b"x" * 20_000,
    ],
)
def test_a_bad_event_is_refused_without_its_text(bad):
    made = stream()
    with pytest.raises(VendorFault) as caught:
        made.feed(bad)
    assert "canary" not in str(caught.value)


def test_tool_calls_stream():
    made = stream()
    call = {"index": 0, "id": "c", "type": "x", "function": {"name": "f", "arguments": ""}}
    rest = {"index": 0, "function": {"arguments": "{}"}}
    out = made.feed(
        event({"tool_calls": [call]}) + event({"tool_calls": [rest]}) + event({}, "tool_calls")
    )
    events = parsed(out + made.close())
    assert events[0]["choices"][0]["delta"]["tool_calls"][0]["type"] == "function"
    assert events[1]["choices"][0]["delta"]["tool_calls"] == [rest]
