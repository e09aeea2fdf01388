"""Model calls through the real process: what goes out, what comes back."""

import asyncio
import json
import threading
from dataclasses import replace

import pytest

from sandbox.spec import Exact, ModelEndpoint, Range
from tests.integration.gateway.gateway_process import BUDGET, SECRET
from tests.integration.gateway.scripted_vendor import (
    USAGE,
    completion,
    normal,
    old_http,
    raw_body,
    stream,
)


def test_a_call_by_role_gets_the_models_answer(vendor, gateway):
    vendor.plays(normal("four"))
    code, body = gateway.chat("2+2?")
    reply = json.loads(body)
    assert code == 200
    assert reply["choices"] == [
        {
            "message": {"role": "assistant", "content": "four", "refusal": None},
            "index": 0,
            "finish_reason": "stop",
            "logprobs": None,
        }
    ]
    assert reply["model"] == "target"
    assert {k: reply["usage"][k] for k in USAGE} == USAGE


def test_the_vendor_gets_its_model_the_credential_and_the_agreed_parameters(vendor, gateway):
    gateway.ask("2+2?")
    seen = vendor.seen[0]
    assert seen.line == "POST /v1/chat/completions HTTP/1.1"
    assert seen.headers["authorization"] == f"Bearer {SECRET}"
    assert seen.body == {
        "model": "vendor-model-1",
        "messages": [{"role": "user", "content": "2+2?"}],
        "temperature": 0,
        "max_tokens": 16,
    }


def test_headers_of_the_guest_never_reach_the_vendor(vendor, gateway):
    body = json.dumps({"model": "target", "messages": [{"role": "user", "content": "x"}]})
    headers = {"X-Guest": "canary-1", "Authorization": "Bearer canary-2", "User-Agent": "canary-3"}
    code, _, _ = gateway.request("POST", "/v1/chat/completions", body.encode(), headers=headers)
    assert code == 200
    assert b"canary" not in vendor.seen[0].raw
    gateway.ask("canary-4")
    assert b"canary-4" in vendor.seen[1].raw  # the positive control


def test_unknown_fields_and_headers_of_the_vendor_never_reach_the_guest(vendor, gateway):
    vendor.plays(
        raw_body(
            completion("ok", canary_a="canary-1", system_fingerprint="canary-2"),
            "X-Request-Id: canary-3",
            "Set-Cookie: canary-4",
        ),
        normal("canary-5"),
    )
    request = json.dumps({"model": "target", "messages": [{"role": "user", "content": "x"}]})
    replies = [gateway.request("POST", "/v1/chat/completions", request.encode()) for _ in range(2)]
    assert "canary" not in str(replies[0])
    assert "vendor" not in str(replies[0])  # neither the model's own name nor the reply's id
    assert "canary-5" in str(replies[1])  # the positive control


def test_connections_to_the_vendor_are_reused(vendor, gateway):
    for _ in range(5):
        gateway.ask()
    assert vendor.connections == 1


def test_a_reply_without_length_ends_with_its_connection(vendor, gateway):
    vendor.plays(old_http)
    assert gateway.ask() == "four"
    assert gateway.ask() == "four"


def test_models_lists_the_roles(vendor, launch):
    endpoints = tuple(ModelEndpoint(r, vendor.base_url, f"m-{r}") for r in ("target", "judge"))
    gateway = launch(vendor.base_url, endpoints=endpoints)
    code, _, body = gateway.request("GET", "/v1/models")
    assert code == 200
    assert [model["id"] for model in json.loads(body)["data"]] == ["target", "judge"]
    gateway.chat(model="judge")
    assert vendor.seen[0].body["model"] == "m-judge"


def test_a_range_lets_the_guest_choose_within_it(vendor, launch):
    parameters = {"temperature": Range("0", "1", "0.7"), "max_tokens": Exact(16)}
    gateway = launch(vendor.base_url, parameters=parameters)
    assert [gateway.chat(temperature=t)[0] for t in (0.25, 1, 1.01)] == [200, 200, 400]
    gateway.ask()
    assert [seen.body["temperature"] for seen in vendor.seen] == [0.25, 1, 0.7]


def test_what_the_protocol_does_not_allow_is_refused_and_never_sent(vendor, gateway):
    refused = {
        "malformed": [
            {"tools": [{"type": "web_search"}]},
            {"store": True},
            {"web_search_options": {}},
            {"invented": 1},
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "image_url", "image_url": {"url": "https://x.test/canary"}}
                        ],
                    }
                ]
            },
        ],
        "unknown_role": [{"model": "vendor-model-1"}, {"model": ""}],
        "not_agreed": [{"temperature": 0.1}, {"max_tokens": 17}, {"seed": 1}, {"n": 2}],
    }
    for code, changes in refused.items():
        for change in changes:
            status, body = gateway.chat(**change)
            assert (status, json.loads(body)["error"]["code"]) == (400, code), change
    assert vendor.seen == []
    assert gateway.chat(store=False, temperature=0, stop=None)[0] == 200  # the positive control


def test_at_most_the_agreed_number_of_calls_is_in_flight(vendor, launch):
    gateway = launch(vendor.base_url, budget=replace(BUDGET, concurrency=2))

    async def slow(wire, seen):
        await asyncio.sleep(0.02)
        await normal()(wire, seen)

    vendor.default = slow
    threads = [threading.Thread(target=gateway.ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(vendor.seen) == 8
    assert vendor.most_in_flight == 2


def test_streamed_events_arrive_rebuilt_and_whole(vendor, gateway):
    vendor.plays(stream("hello"))
    body = {
        "model": "target",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    code, headers, raw = gateway.request("POST", "/v1/chat/completions", json.dumps(body).encode())
    events = [part.removeprefix(b"data: ") for part in raw.split(b"\n\n") if part]
    parsed = [json.loads(data) for data in events[:-1]]
    text = "".join(c["delta"].get("content", "") for e in parsed for c in e["choices"])
    assert (code, headers["Content-Type"]) == (200, "text/event-stream")
    assert text == "hello"
    assert events[-1] == b"[DONE]"
    assert {k: parsed[-1]["usage"][k] for k in USAGE} == USAGE
    assert b"vendor" not in raw
    assert vendor.seen[0].body["stream_options"] == {"include_usage": True}
    assert gateway.stop()["tokens_in"] == 7


def test_usage_is_asked_of_the_vendor_but_shown_only_to_who_asked(vendor, gateway):
    vendor.plays(stream("hi"))
    body = {"model": "target", "messages": [{"role": "user", "content": "x"}], "stream": True}
    _, _, raw = gateway.request("POST", "/v1/chat/completions", json.dumps(body).encode())
    assert b"usage" not in raw
    assert gateway.stop()["tokens_out"] == 3


def test_the_receipt_counts_what_the_vendor_reported(vendor, gateway):
    for _ in range(3):
        gateway.ask()
    receipt = gateway.stop()
    assert receipt == {
        "protocol_digest": "sha256:" + "ab" * 32,
        "requests": 3,
        "attempts": 3,
        "retries": 0,
        "replies": 3,
        "vendor_errors": 0,
        "denied": 0,
        "tokens_in": 21,
        "tokens_out": 9,
        "cost_microusd": 39,
    }


def test_first_reply_is_told_once(vendor, gateway):
    gateway.ask()
    gateway.wait_for("first_reply")
    gateway.ask()
    gateway.stop()
    assert gateway.names() == ["listening", "first_request", "first_reply", "receipt"]


def test_the_first_reply_can_wait_for_the_sessions_word(vendor, launch):
    gateway = launch(vendor.base_url, await_ack=True)
    client = gateway.connect(timeout=0.3)
    gateway.send_chat(client)
    gateway.wait_for("first_reply")
    with pytest.raises(TimeoutError):
        client.recv(1)
    gateway.say(b"A")
    client.settimeout(30)
    assert client.recv(12) == b"HTTP/1.1 200"
    client.close()
    assert gateway.ask() == "four"
