import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.gateway.policy import Policy, RequestRefused
from sandbox.gateway.providers.openai import route
from sandbox.spec import Exact, ModelEndpoint
from tests.integration.gateway.gateway_process import make_grant

URL = "https://api.test/v1"


def policy(**changes):
    made = make_grant(URL, **changes)
    return Policy(made, {e.role: route(e, "key") for e in made.endpoints})


POLICY = policy()


def body(*messages, **fields):
    request = {"model": "target", "messages": list(messages) or [{"role": "user", "content": "x"}]}
    return json.dumps({**request, **fields}).encode()


def sent(data, **changes):
    return json.loads(policy(**changes).prepare(data).body)


def refusal(data, using=POLICY):
    with pytest.raises(RequestRefused) as caught:
        using.prepare(data)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value.code


def test_everything_a_conversation_may_hold_goes_out_as_it_came():
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    image = {"url": "data:image/png;base64,AAAA", "detail": "low"}
    messages = [
        {"role": "system", "content": "s"},
        {"role": "developer", "content": [{"type": "text", "text": "d"}]},
        {
            "role": "user",
            "name": "u",
            "content": [
                {"type": "text", "text": "é\U0001f600"},
                {"type": "image_url", "image_url": image},
            ],
        },
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "r"},
        {"role": "assistant", "content": "ok"},
    ]
    fields = {
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
        ],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}},
    }
    out = sent(body(*messages, **fields))
    assert out == {
        "model": "vendor-model-1",
        "messages": messages,
        **fields,
        "temperature": 0,
        "max_tokens": 16,
    }


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "image_url", "image_url": {"url": "http://x.test/a.png"}}],
        [{"type": "image_url", "image_url": {"url": "data:text/html;base64,AAAA"}}],
        [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA\nhttp://x.test"}}],
        [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}],
        [{"type": "file", "file": {"file_id": "f"}}],
        [{"type": "text", "text": "x", "cache_control": {}}],
        {"type": "text"},
        None,
        5,
    ],
)
def test_content_beyond_text_and_inline_images_is_refused(content):
    assert refusal(body({"role": "user", "content": content})) == "malformed"


@pytest.mark.parametrize(
    "fields",
    [
        {"store": True},
        {"background": True},
        {"metadata": {}},
        {"tools": [{"type": "web_search_preview"}]},
        {"tools": [{"type": "mcp", "server_url": "https://x.test"}]},
        {"tool_choice": "sometimes"},
        {"functions": []},
        {"messages": []},
        {"stream": "yes"},
        {"temperature": "0"},
        {"max_tokens": True},
        {"max_tokens": 16.0},
        {"response_format": {"type": "grammar"}},
    ],
)
def test_unknown_and_refused_fields_are_refused(fields):
    assert refusal(body(**fields)) == "malformed"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"model":"target"}',
        b"\xff",
        body() + b" x",
        body().replace(b'"x"', b'"\xff"'),
        body().replace(b'"x"', b'"\\ud800"'),
        body(
            response_format=json.loads('{"type":"json_schema","json_schema":{"name":"n"}}')
        ).replace(b'"name": "n"', b'"name":"n","schema":' + b'{"a":' * 9000 + b"1" + b"}" * 9000),
    ],
)
def test_bytes_that_are_no_request_are_refused(data):
    assert refusal(data) == "malformed"


@pytest.mark.parametrize("model", ["", "vendor-model-1", "Target", "target "])
def test_a_model_that_is_no_role_is_refused(model):
    assert refusal(body(model=model)) == "unknown_role"


@pytest.mark.parametrize(
    "fields", [{"temperature": 0.1}, {"max_tokens": 15}, {"seed": 0}, {"n": 1}, {"stop": "x"}]
)
def test_parameters_beyond_the_agreement_are_refused(fields):
    assert refusal(body(**fields)) == "not_agreed"


def test_null_means_not_sent():
    assert sent(body(temperature=None, seed=None, stream=None)) == sent(body())


def test_a_fractional_parameter_goes_out_as_a_number():
    assert sent(body(), parameters={"top_p": Exact("0.95")})["top_p"] == 0.95


def test_the_charge_is_an_upper_bound():
    prepared = policy(
        parameters={"max_tokens": Exact(10), "max_completion_tokens": Exact(7), "n": Exact(3)}
    ).prepare(body())
    assert prepared.tokens_in == len(prepared.body)
    assert prepared.tokens_out == 21
    assert policy(parameters={}).prepare(body()).tokens_out is None


def test_a_stream_always_asks_for_its_usage():
    for options in (None, {"include_usage": False}):
        out = POLICY.prepare(body(stream=True, stream_options=options))
        assert json.loads(out.body)["stream_options"] == {"include_usage": True}
        assert not out.include_usage
    assert POLICY.prepare(body(stream=True, stream_options={"include_usage": True})).include_usage
    assert "stream" not in json.loads(POLICY.prepare(body(stream=False)).body)


def test_roles_have_their_own_models():
    endpoints = tuple(ModelEndpoint(role, URL, f"m-{role}") for role in ("target", "judge"))
    assert sent(body(model="judge"), endpoints=endpoints)["model"] == "m-judge"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
_names = st.sampled_from(
    ["model", "messages", "stream", "tools", "temperature", "max_tokens", "store", "stop", "seed"]
)


@settings(max_examples=40)
@given(st.dictionaries(_names | st.text(max_size=6), _json))
def test_whatever_comes_is_prepared_as_agreed_or_refused(fields):
    data = json.dumps({"model": "target", **fields}).encode()
    try:
        out = json.loads(POLICY.prepare(data).body)
    except RequestRefused:
        return
    assert (out["model"], out["temperature"], out["max_tokens"]) == ("vendor-model-1", 0, 16)


@given(st.text())
def test_text_goes_out_letter_by_letter(text):
    message = {"role": "user", "content": text}
    assert sent(body(message))["messages"] == [message]
