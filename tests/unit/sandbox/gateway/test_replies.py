import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.gateway.replies import Frame, ReplyMalformed, rebuild
from tests.integration.gateway.scripted_vendor import completion

FRAME = Frame(number=9, created=5, role="target", choices=1, logprobs=False, include_usage=False)
LOGPROBS = {
    "content": [
        {
            "token": "a",
            "logprob": -0.5,
            "bytes": [97],
            "top_logprobs": [{"token": "b", "logprob": -2.0, "bytes": None}],
        }
    ],
    "refusal": None,
}


def reply(**choice):
    made = json.loads(completion("x"))
    made["choices"][0].update(choice)
    return made


def rebuilt(made, frame=FRAME):
    out, usage = rebuild(json.dumps(made).encode(), frame)
    return json.loads(out), usage


def test_only_known_fields_are_rebuilt():
    made = reply(message={"role": "tool", "content": "x", "canary": 1, "annotations": []})
    out, usage = rebuilt({**made, "canary": 1, "service_tier": "x", "system_fingerprint": "fp"})
    assert (usage.prompt_tokens, usage.completion_tokens) == (7, 3)
    assert out.pop("usage")["total_tokens"] == 10
    assert out == {
        "id": "chatcmpl-9",
        "object": "chat.completion",
        "created": 5,
        "model": "target",
        "choices": [
            {
                "message": {"role": "assistant", "content": "x", "refusal": None},
                "index": 0,
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
    }


def test_tool_calls_and_refusals_pass():
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}]
    message = {"role": "assistant", "content": None, "refusal": "no", "tool_calls": calls}
    out, _ = rebuilt(reply(message=message, finish_reason="tool_calls"))
    assert out["choices"][0]["message"] == message
    assert out["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("empty", [None, []])
def test_empty_tool_calls_are_left_out(empty):
    out, _ = rebuilt(reply(message={"content": "x", "tool_calls": empty}))
    assert "tool_calls" not in out["choices"][0]["message"]


def test_logprobs_pass_only_when_agreed():
    made = reply(logprobs=LOGPROBS)
    agreed = Frame(9, 5, "target", 1, logprobs=True, include_usage=False)
    assert rebuilt(made)[0]["choices"][0]["logprobs"] is None
    assert rebuilt(made, agreed)[0]["choices"][0]["logprobs"] == LOGPROBS


@pytest.mark.parametrize(("vendors", "ours"), [("eos", "stop"), (None, "stop"), ("length",) * 2])
def test_an_invented_finish_reason_means_stop(vendors, ours):
    assert rebuilt(reply(finish_reason=vendors))[0]["choices"][0]["finish_reason"] == ours


@pytest.mark.parametrize(
    "made",
    [
        {},
        [],
        {"error": {"message": "canary"}},
        {**reply(), "choices": []},
        {**reply(), "choices": reply()["choices"] * 2},
        reply(index=1),
        reply(index=-1),
        reply(message=None),
        reply(message={"content": 5}),
        {**reply(), "usage": {"prompt_tokens": -1, "completion_tokens": 0}},
        {**reply(), "usage": {"prompt_tokens": 1e300, "completion_tokens": 0}},
        {**reply(), "usage": "canary"},
    ],
)
def test_what_is_no_reply_is_refused_without_its_text(made):
    with pytest.raises(ReplyMalformed) as caught:
        rebuild(json.dumps(made).encode(), FRAME)
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


def test_absent_usage_is_told_apart_from_none_used():
    made = reply()
    del made["usage"]
    assert rebuilt(made)[1] is None
    assert rebuilt({**made, "usage": None})[1] is None


@given(st.binary(max_size=200))
def test_noise_is_refused(noise):
    with pytest.raises(ReplyMalformed):
        rebuild(noise, FRAME)


@given(st.text())
def test_text_passes_letter_by_letter(text):
    assert rebuilt(reply(message={"content": text}))[0]["choices"][0]["message"]["content"] == text
