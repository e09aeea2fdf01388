"""Budget and window, as the process enforces them."""

import json
import threading
import time
from dataclasses import replace

import pytest

from tests.integration.gateway.gateway_process import BUDGET
from tests.integration.gateway.scripted_vendor import completion, hang, normal, raw_body
from tests.support.waiting import until

DENIED = {
    "error": {
        "message": "The protocol's budget or window is exhausted.",
        "type": "denied",
        "param": None,
        "code": "denied",
    }
}


def assert_over(gateway):
    for _ in range(2):
        code, body = gateway.chat()
        assert (code, json.loads(body)) == (402, DENIED)
    assert gateway.score() == 410  # an over-budget run ends with no scores
    assert gateway.end(0) == 410
    assert gateway.stop()["denied"] == 2
    assert gateway.names().count("over_budget") == 1
    assert "end" not in gateway.names()


@pytest.mark.parametrize(
    "cap",
    [
        {"requests": 2},
        {"tokens_in": 250},  # two requests of 7 reported tokens, then one of more bytes than left
        {"tokens_out": 20},
        {"cost_microusd": 150},
    ],
)
def test_a_call_that_does_not_fit_is_denied_and_ends_the_run(vendor, launch, cap):
    fits = {"prompt_tokens": 60, "completion_tokens": 3}
    vendor.default = normal("four", **fits)
    gateway = launch(vendor.base_url, budget=replace(BUDGET, **cap))
    answered = 0
    while gateway.chat()[0] == 200:
        answered += 1
        assert answered < 10
    assert answered >= 1
    assert len(vendor.seen) == answered
    assert gateway.wait_for("over_budget")["code"] == next(iter(cap)).partition("_microusd")[0]


def test_after_the_budget_everything_is_refused(vendor, launch):
    gateway = launch(vendor.base_url, budget=replace(BUDGET, requests=1))
    gateway.ask()
    assert_over(gateway)
    assert len(vendor.seen) == 1


@pytest.mark.parametrize(("start", "end"), [(60, 120), (-120, -60)])
def test_outside_the_window_nothing_is_sent(vendor, launch, start, end):
    now = time.time()
    gateway = launch(vendor.base_url, not_before=now + start, not_after=now + end)
    assert_over(gateway)
    assert vendor.seen == []


def test_who_waits_when_the_window_ends_is_refused(vendor, launch):
    vendor.default = hang
    gateway = launch(
        vendor.base_url,
        budget=replace(BUDGET, concurrency=1),
        not_after=time.time() + 6,
        request_timeout_s=60,
    )
    codes = []
    first = threading.Thread(target=lambda: codes.append(gateway.chat()[0]))
    first.start()
    until(lambda: vendor.seen, 60, "the first call at the vendor")
    assert gateway.chat()[0] == 402
    vendor.default = normal()
    vendor.release()
    first.join()
    assert codes == [402]  # its vendor closed on it, and a retry comes too late


def test_a_call_waits_while_another_holds_what_it_needs(vendor, launch):
    gateway = launch(vendor.base_url, budget=replace(BUDGET, tokens_out=20))
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(gateway.chat()[0])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(replies) == [200, 200]
    assert vendor.most_in_flight == 1


def test_without_usage_the_bound_stays_charged(vendor, gateway):
    vendor.plays(raw_body(completion(usage=False)))
    gateway.ask()
    body_size = len(vendor.seen[0].raw.split(b"\r\n\r\n", 1)[1])
    receipt = gateway.stop()
    assert (receipt["tokens_in"], receipt["tokens_out"]) == (body_size, 16)


def test_a_guest_that_leaves_is_settled_and_its_call_given_up(vendor, gateway):
    async def until_closed(wire, seen):
        await wire.reader.read()
        wire.keep = False

    vendor.plays(until_closed)
    with gateway.connect() as client:
        gateway.send_chat(client)
        until(lambda: vendor.seen, 60, "the call at the vendor")
    until(lambda: vendor.closed, 60, "the call given up")
    assert vendor.closed == 1
    receipt = gateway.stop()
    assert (receipt["requests"], receipt["replies"], receipt["tokens_out"]) == (1, 0, 16)
