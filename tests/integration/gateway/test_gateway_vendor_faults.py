"""What a vendor can do wrong, before and after the guest has seen its first reply."""

import json
import socket
import time
from dataclasses import replace

import pytest

from tests.integration.gateway.gateway_process import BUDGET, QUICK
from tests.integration.gateway.scripted_vendor import (
    close_at_once,
    completion,
    cut_body,
    hang,
    huge,
    no_http,
    normal,
    raw_body,
    reflect,
    status,
    stream,
)
from tests.support.waiting import until

PASSING = {
    "429": status("429 Too Many Requests"),
    "408": status("408 Request Timeout"),
    "500": status("500 Internal Server Error"),
    "503": status("503 Service Unavailable"),
    "malformed": raw_body(b'{"choices": ['),
    "no_reply": raw_body(b'{"error": {"message": "overloaded"}}'),
    "empty": raw_body(b""),
    "cut_body": cut_body(completion()),
    "closed": close_at_once,
    "no_http": no_http,
    "hang": hang,
}
LASTING = {
    "400": status("400 Bad Request"),
    "401": status("401 Unauthorized"),
    "404": status("404 Not Found"),
    "302": status("302 Found", "Location: http://127.0.0.1:1/"),
}
VENDOR_FAILED = {
    "error": {
        "message": "The model's endpoint failed.",
        "type": "vendor_error",
        "param": None,
        "code": "vendor_failed",
    }
}


@pytest.fixture
def hasty(vendor, launch):
    """A gateway that gives up on an attempt after a second."""
    return launch(vendor.base_url, request_timeout_s=1, retries=2)


def never_answered(gateway) -> bool:
    """Whether the run ends as the vendor's fault with a request left open."""
    with gateway.connect() as client:
        gateway.send_chat(client)
        gateway.wait_for("vendor_down")
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)
    return gateway.process.poll() is None


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_retried(vendor, hasty, fault):
    vendor.plays(PASSING[fault], PASSING[fault], normal("at last"))
    assert hasty.ask() == "at last"
    receipt = hasty.stop()
    assert (receipt["requests"], receipt["attempts"], receipt["retries"]) == (1, 3, 2)
    assert (receipt["replies"], receipt["vendor_errors"]) == (1, 2)
    assert "vendor_down" not in hasty.names()


@pytest.mark.parametrize("fault", PASSING)
def test_before_any_reply_exhausted_retries_end_the_run_unanswered(vendor, hasty, fault):
    vendor.default = PASSING[fault]
    assert never_answered(hasty)
    assert len(vendor.seen) == 3
    assert never_answered(hasty)
    assert hasty.stop()["replies"] == 0
    assert hasty.names() == ["listening", "first_request", "vendor_down", "receipt"]


@pytest.mark.parametrize("fault", PASSING)
def test_after_a_reply_exhausted_retries_are_a_constant_502(vendor, hasty, fault):
    hasty.ask()
    vendor.default = PASSING[fault]
    code, body = hasty.chat()
    assert (code, json.loads(body)) == (502, VENDOR_FAILED)
    vendor.default = normal("recovered")
    assert hasty.ask() == "recovered"
    hasty.stop()
    assert "vendor_down" not in hasty.names()


@pytest.mark.parametrize("fault", LASTING)
def test_a_lasting_fault_is_not_retried(vendor, gateway, fault):
    gateway.ask()
    vendor.plays(LASTING[fault])
    code, body = gateway.chat()
    assert (code, json.loads(body)) == (502, VENDOR_FAILED)
    assert len(vendor.seen) == 2


def test_a_lasting_fault_before_any_reply_ends_the_run_unanswered(vendor, gateway):
    vendor.default = LASTING["401"]
    assert never_answered(gateway)
    assert len(vendor.seen) == 1


def test_nobody_listens(launch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        gateway = launch(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        assert never_answered(gateway)
    receipt = gateway.stop()
    assert (receipt["attempts"], receipt["tokens_in"], receipt["cost_microusd"]) == (3, 0, 0)


def test_a_name_that_does_not_resolve(launch):
    gateway = launch("http://vendor.invalid/v1", retries=0)
    assert never_answered(gateway)


def test_after_vendor_down_a_late_reply_is_not_delivered(vendor, launch):
    gateway = launch(vendor.base_url, retries=0)
    vendor.plays(hang_then_answer, status("500 Internal Server Error"))
    first = gateway.connect()
    gateway.send_chat(first)
    until(lambda: vendor.seen, 60, "the first call at the vendor")
    assert never_answered(gateway)
    vendor.release()
    first.settimeout(0.2)
    with pytest.raises(TimeoutError):
        first.recv(1)
    first.close()
    assert gateway.stop()["replies"] == 0


async def hang_then_answer(wire, seen):
    await wire.released.wait()
    await normal()(wire, seen)


def test_retry_after_is_honoured(vendor, launch):
    gateway = launch(vendor.base_url)
    vendor.plays(status("429 Too Many Requests", "Retry-After: 1"))
    started = time.monotonic()
    gateway.ask()
    assert time.monotonic() - started >= 1


def test_retry_after_is_capped(vendor, launch):
    gateway = launch(vendor.base_url, caps=replace(QUICK, retry_after_cap_s=0.05))
    vendor.plays(status("503 Service Unavailable", "Retry-After: 3600"))
    started = time.monotonic()
    gateway.ask()
    assert time.monotonic() - started < 5


def test_a_reply_beyond_the_cap_is_a_fault(vendor, launch):
    gateway = launch(vendor.base_url, caps=replace(QUICK, reply_bytes=100_000), retries=1)
    gateway.ask()
    vendor.plays(huge(10_000_000), normal("small"))
    assert gateway.ask() == "small"
    vendor.default = stream("x" * 2000)
    code, body, _ = raw_stream(gateway)
    assert code == 502 or b"vendor_failed" in body


def test_a_connection_the_vendor_closed_is_replaced_without_using_up_a_retry(vendor, launch):
    gateway = launch(vendor.base_url, retries=0)

    async def answer_then_close_on_the_next(wire, seen):
        await normal()(wire, seen)
        vendor.plays(close_at_once)

    vendor.plays(answer_then_close_on_the_next)
    gateway.ask()
    assert gateway.ask() == "four"
    assert (vendor.connections, len(vendor.seen)) == (2, 3)


def raw_stream(gateway, then=None):
    """Return status, what came, and whether it is whole; call `then` at the first byte."""
    body = {"model": "target", "messages": [{"role": "user", "content": "x"}], "stream": True}
    data = json.dumps(body).encode()
    with gateway.connect() as client:
        client.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(data), data)
        )
        raw = client.recv(65_536)
        if then:
            then()
        raw += b"".join(iter(lambda: client.recv(65_536), b""))
    return int(raw.split(b" ", 2)[1]), raw, raw.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("sent", [0, 1])
def test_a_stream_cut_before_it_said_something_is_retried(vendor, gateway, sent):
    vendor.plays(stream("lost", cut_after=sent), stream("hi"))
    code, raw, whole = raw_stream(gateway)
    assert (code, whole, raw.count(b'"content":"h"')) == (200, True, 1)
    assert gateway.stop()["retries"] == 1


def test_a_stream_cut_after_it_said_something_is_never_taken_for_whole(vendor, gateway):
    vendor.plays(stream("hello", cut_after=3))
    code, raw, whole = raw_stream(gateway)
    assert (code, whole) == (200, False)
    assert b"vendor_failed" in raw
    assert b"[DONE]" not in raw
    receipt = gateway.stop()
    assert (receipt["retries"], receipt["replies"], receipt["vendor_errors"]) == (0, 0, 1)
    assert receipt["tokens_out"] == 16  # nothing was reported: the bound stays charged


def test_an_error_inside_a_stream_breaks_it_without_its_text(vendor, gateway):
    bad = b'data: {"error": {"message": "canary"}}\n\n'
    vendor.plays(stream("hello", extra=bad, wait_after=3))
    _, raw, whole = raw_stream(gateway, vendor.release)
    assert not whole
    assert b"canary" not in raw
    assert b"vendor_failed" in raw


@pytest.mark.parametrize("options", [{"done": False}, {"usage": False}])
def test_a_stream_without_its_last_courtesies_is_whole(vendor, gateway, options):
    vendor.plays(stream("hi", **options))
    code, raw, whole = raw_stream(gateway)
    assert (code, whole) == (200, True)
    assert b"[DONE]" in raw


def test_a_broken_stream_counts_as_a_reply_that_reached_the_guest(vendor, gateway):
    vendor.plays(stream("hello", cut_after=3))
    raw_stream(gateway)
    gateway.wait_for("first_reply")
    vendor.default = status("500 Internal Server Error")
    assert gateway.chat()[0] == 502


def test_retries_stay_within_the_budget(vendor, launch):
    gateway = launch(vendor.base_url, retries=9, budget=replace(BUDGET, requests=3))
    gateway.ask()
    vendor.default = status("500 Internal Server Error")
    assert gateway.chat()[0] == 402
    assert len(vendor.seen) == 3
    gateway.wait_for("over_budget")


def test_a_budget_spent_on_the_vendors_failures_alone_is_the_vendors_fault(vendor, launch):
    gateway = launch(vendor.base_url, retries=9, budget=replace(BUDGET, requests=2))
    vendor.default = status("500 Internal Server Error")
    assert never_answered(gateway)
    assert len(vendor.seen) == 2
    gateway.stop()
    assert "over_budget" not in gateway.names()


@pytest.mark.parametrize("line", ["400 Bad Request", "500 Internal Server Error"])
def test_no_text_of_the_vendor_reaches_the_guest_or_the_session(vendor, launch, line):
    gateway = launch(vendor.base_url, retries=0)
    gateway.ask("control")
    vendor.plays(reflect(line))
    _, headers, body = gateway.request(
        "POST",
        "/v1/chat/completions",
        json.dumps(
            {"model": "target", "messages": [{"role": "user", "content": "canary-7f3a"}]}
        ).encode(),
    )
    assert b"canary-7f3a" in vendor.seen[1].raw
    assert "canary" not in str(headers) + str(body)
    vendor.plays(normal("canary-7f3a"))
    assert gateway.ask() == "canary-7f3a"  # the positive control: replies do pass
    gateway.stop()
    assert b"canary" not in gateway.raw + gateway.process.stderr.read()
