"""What holds for every request: hosts, origins, sizes and headers."""

import pytest
from starlette.datastructures import Headers

from tests.support.pages import browsing
from web.middleware import CONTENT_POLICY, cap_of, same_origin

HOST = "assay.example"


@pytest.fixture
def client(world):
    with browsing(world) as found:
        yield found.client


@pytest.mark.parametrize("path", ["/", "/nothing", "/log", "/api/v1/log/entries", "/static/x"])
def test_every_reply_has_the_headers(client, path):
    headers = client.get(path).headers
    assert headers["content-security-policy"] == CONTENT_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert ("no-store" in headers.get("cache-control", "")) == (path != "/static/x")
    assert "etag" not in headers or path == "/static/x"
    assert "strict-transport-security" not in headers


def test_the_policy_allows_nothing_inline_and_nothing_foreign():
    parts = dict(part.strip().split(" ", 1) for part in CONTENT_POLICY.split(";"))
    assert parts["default-src"] == "'none'"
    assert parts["script-src"] == parts["style-src"] == "'self'"
    assert "unsafe" not in CONTENT_POLICY
    assert "http" not in CONTENT_POLICY


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("[::1]:8000", 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("", 400),
    ],
)
def test_only_our_own_names_are_answered(client, host, status):
    """Else a name that an attacker points at us could read pages in a visitor's browser."""
    assert client.get("/log", headers={"host": host}).status_code == status


def test_probes_are_answered_by_any_name(client):
    assert client.get("/health/live", headers={"host": "10.1.2.3"}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "https", "ours"),
    [
        ({}, False, True),
        ({}, True, True),
        ({"origin": f"https://{HOST}"}, True, True),
        ({"origin": f"http://{HOST}"}, False, True),
        ({"origin": f"http://{HOST}"}, True, False),
        ({"origin": f"https://{HOST}:444"}, True, False),
        ({"origin": f"https://{HOST}.evil.example"}, True, False),
        ({"origin": f"https://evil.example/{HOST}"}, True, False),
        ({"origin": f"ftp://{HOST}"}, False, False),
        ({"origin": "null"}, False, False),
        ({"origin": ""}, False, False),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, True, True),
        ({"origin": "null", "sec-fetch-site": "none"}, True, False),
        ({"sec-fetch-site": "same-origin"}, True, True),
        ({"sec-fetch-site": "none"}, True, True),
        ({"sec-fetch-site": "same-site"}, True, False),
        ({"sec-fetch-site": "cross-site"}, True, False),
        ({"sec-fetch-site": "anything"}, True, False),
        ({"sec-fetch-site": "cross-site", "origin": f"https://{HOST}"}, True, False),
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, True, False),
    ],
)
def test_what_comes_from_another_site(headers, https, ours):
    assert same_origin(Headers({"host": HOST, **headers}), https=https) is ours


def test_this_machine_reaches_a_public_service_without_encryption():
    headers = Headers({"host": "127.0.0.1:8000", "origin": "http://127.0.0.1:8000"})
    assert same_origin(headers, https=True)


def test_a_body_over_its_cap_is_refused_before_it_is_read(client):
    cap = cap_of("/sign-in")
    reply = client.post("/sign-in", content=b"", headers={"content-length": str(cap + 1)})
    assert reply.status_code == 413


def test_a_body_that_turns_out_too_large_is_refused_while_it_comes(client):
    sent = []

    def pieces():
        for _ in range(64):
            sent.append(1)
            yield b"a" * 65536

    headers = {"content-type": "application/x-www-form-urlencoded"}
    reply = client.post("/sign-in", content=pieces(), headers=headers)
    assert reply.status_code == 413


def test_a_suite_may_be_large_and_nothing_else():
    assert cap_of("/suites") == cap_of("/api/v1/suites") > 64 * 1024 * 1024
    assert cap_of("/sign-in") == cap_of("/suites/x") == 1024 * 1024
