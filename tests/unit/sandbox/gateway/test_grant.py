from dataclasses import replace

import pytest

from sandbox.gateway.caps import Caps
from sandbox.gateway.grant import GrantInvalid, Order, decode, encode
from sandbox.gateway.providers.base import Address, locate
from sandbox.gateway.providers.openai import route
from sandbox.spec import Exact, Held, ModelEndpoint, Range
from tests.integration.gateway.gateway_process import BUDGET, make_grant

ENDPOINT = ModelEndpoint("target", "https://api.test/v1", "m")


def order(credentials=None, **changes):
    made = make_grant("https://api.test/v1", **changes)
    return Order(made, credentials or {"target": "key"}, "/run/x.sock", 20_000)


def code_of(bad):
    with pytest.raises(GrantInvalid) as caught:
        decode(encode(bad))
    return caught.value.code


def test_an_order_survives_its_pipe():
    parameters = {
        "temperature": Range("0", "1", "0.5"),
        "max_tokens": Exact(5),
        "stop": Exact(("a", "b")),
        "reasoning_effort": Exact("low"),
    }
    sent = replace(order(parameters=parameters), await_ack=True, caps=Caps(request_s=0.25))
    assert decode(encode(sent)) == sent


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"protocol_digest": "sha256:abc"}, "protocol_digest"),
        ({"run_start_index": -1}, "run_not_logged"),
        ({"checkpoint_digest": ""}, "run_not_logged"),
        ({"endpoints": ()}, "roles"),
        ({"endpoints": (ENDPOINT, ENDPOINT)}, "roles"),
        ({"endpoints": (replace(ENDPOINT, role="A b"),)}, "roles"),
        ({"endpoints": (replace(ENDPOINT, role="judge"),)}, "credentials"),
        ({"credentials": {"target": "a\r\nX: y"}}, "credentials"),
        ({"credentials": {"target": "k", "judge": "k"}}, "credentials"),
        ({"budget": replace(BUDGET, concurrency=0)}, "bounds"),
        ({"request_timeout_s": 0}, "bounds"),
        ({"retries": -1}, "bounds"),
    ],
)
def test_a_grant_that_cannot_be_enforced_is_refused(changes, code):
    assert code_of(order(**changes)) == code


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b'{"grant":{}}', b"\xff"])
def test_an_unreadable_order_is_refused_without_its_text(data):
    with pytest.raises(GrantInvalid) as caught:
        decode(data)
    assert caught.value.code == "unreadable"
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "address", "prefix"),
    [
        ("https://api.test/v1", Address("api.test", 443, tls=True), "/v1"),
        ("https://api.test/v1/", Address("api.test", 443, tls=True), "/v1"),
        ("http://127.0.0.1:8000", Address("127.0.0.1", 8000, tls=False), ""),
        ("http://[::1]:80/a/b", Address("::1", 80, tls=False), "/a/b"),
    ],
)
def test_a_base_url_is_taken_apart(url, address, prefix):
    found, _, path = locate(replace(ENDPOINT, base_url=url))
    assert (found, path) == (address, prefix)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.test",
        "//x.test",
        "https://",
        "https://u:p@x.test",
        "https://x.test/?q=1",
        "https://x.test/#f",
        "https://x.test/a b",
        "https://x.test/\r\nX: y",
        "https://x.test:99999/",
        "https://exämple.test/",
    ],
)
def test_any_other_base_url_is_refused(url):
    with pytest.raises(GrantInvalid):
        locate(replace(ENDPOINT, base_url=url))


def test_a_request_starts_with_the_credential_and_ends_before_its_length():
    head = route(ENDPOINT, "key").head
    assert head.startswith(b"POST /v1/chat/completions HTTP/1.1\r\nHost: api.test\r\n")
    assert b"\r\nAuthorization: Bearer key\r\n" in head
    assert head.endswith(b"\r\nContent-Length: ")
    assert b"Authorization" not in route(ENDPOINT, "").head


def scoring(**changes):
    bare = replace(order(endpoints=()), credentials={}, phase="score", outputs=(Held(0, 0, "x"),))
    return replace(bare, **changes)


def test_an_order_to_score_survives_its_pipe():
    sent = scoring(outputs=(Held(0, 0, "said"), Held(0, 1, None)))
    assert decode(encode(sent)) == sent


def test_where_outputs_are_scored_there_is_no_model_and_no_credential():
    assert code_of(scoring(credentials={"target": "key"})) == "phase"
    assert code_of(scoring(grant=make_grant("https://api.test/v1"))) == "phase"
    assert code_of(scoring(phase="both")) == "phase"
    # And where there is a model, there are no outputs to look at.
    assert code_of(replace(order(), outputs=(Held(0, 0, "x"),))) == "phase"
