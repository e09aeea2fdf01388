"""Input that breaks parsers and databases is refused by name, and never a fault of ours."""

import base64
import json

import pytest

from tests.support.copies import copy
from tests.support.programs import API, programs
from tests.support.world import AUDITOR, VENDOR


@pytest.fixture(scope="module")
def api(peopled, tmp_path_factory):
    """One world for all: nothing here may change it."""
    copied = copy(peopled, tmp_path_factory.mktemp("input") / "data")
    with programs(copied) as found:
        yield found
    copied.platform.database.close()


POSTS = (
    "/drafts",
    "/protocols",
    "/protocols/p0/signatures",
    "/models",
    "/organisations",
    "/people",
    "/tokens",
    "/sign-in",
)
BODIES = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "not JSON": b"{",
    "not UTF-8": b"\xff\xfe",
    "deep": b"[" * 200_000,
    "deep but whole": b'{"terms":' * 3000 + b"1" + b"}" * 3000,
    "a long number": b"1" * 10_000,
    "a long number inside": b'{"days":' + b"1" * 4000 + b"}",
    "NaN": b'{"days":NaN,"price_in":Infinity,"terms":{"epochs":NaN}}',
    "half a character": b'{"login":"\\ud800","name":"\\udfff","model":"\\ud800","key":"\\ud800"}',
    "half a character as name": b'{"\\ud800":1}',
    "NUL": b'{"login":"\\u0000","name":"a\\u0000","model":"\\u0000","suite":"\\u0000"}',
    "a name with slashes": b'{"a/b~c":1}',
    "a long name": b'{"' + b"x" * 200_000 + b'":1}',
    "many names": b"{" + b",".join(b'"x%d":1' % i for i in range(20_000)) + b"}",
    "a name twice": b'{"name":1,"name":2}',
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_broken_body_is_a_problem(api, path, body):
    who = "operator" if path in ("/organisations", "/people") else AUDITOR
    reply = api.post(who, path, content=body, headers={"content-type": "application/json"})
    assert reply.status_code in (400, 422), reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert len(reply.content) < 4000
    assert set(reply.json()) == {"type", "title", "status", "code", "detail", "errors"}


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", b"application/json; x=\xff"])
def test_another_type_of_body_is_a_problem(api, kind):
    reply = api.post(AUDITOR, "/tokens", content=b"name=x", headers={"content-type": kind})
    assert reply.status_code in (400, 415, 422)


LISTS = (
    *("/suites", "/models", "/drafts", "/protocols", "/runs", "/reports"),
    *("/tokens", "/log/entries", "/organisations", "/people"),
)


def cursor(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


WINDOWS = (
    {"limit": "0"},
    {"limt": "5"},
    {"limit": "201"},
    {"limit": "1" * 5000},
    {"limit": "NaN"},
    {"limit": ""},
    {"cursor": "x" * 301},
    {"cursor": "ä"},
    {"cursor": "\x00"},
    {"cursor": cursor([])},
    {"cursor": cursor([1])},
    {"cursor": cursor(["1", "x"])},
    {"cursor": cursor([1, 2])},
    {"cursor": cursor([1, "a\x00"])},
    {"cursor": cursor([1, "\ud800"])},
    {"cursor": cursor([float("nan"), "x"])},
    {"cursor": cursor([10**400, "x"])[:300]},
    {"cursor": cursor({"at": 1, "id": "x"})},
)


@pytest.mark.parametrize("path", LISTS)
def test_a_wrong_part_of_a_list_is_refused_by_name(api, path):
    for window in WINDOWS:
        reply = api.get("operator", path, params=window)
        assert reply.status_code == 422, window
        assert reply.json()["errors"][0]["pointer"].strip("/") in window, window


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_that_no_list_gave_finds_what_comes_after_it(api, path):
    for value in ([1e308, "x"], [-1e308, ""], [5, "z" * 100], [0, ""]):
        reply = api.get("operator", path, params={"cursor": cursor(value)})
        assert reply.status_code == 200, value


PATHS = (
    "/suites/sha256:xyz",
    "/suites/%00",
    "/models/%00",
    "/models/a%ffb",
    "/models/No%20Name",
    "/drafts/p",
    "/drafts/%27%20OR%201",
    "/protocols/q1",
    "/protocols/p%00",
    "/runs/xyz",
    "/runs/%F0%9F%98%80",
    "/runs/" + "0" * 17,
    "/reports/..%2f..%2fetc",
    "/log/statements/sha256:0",
    "/log/proof/-1",
    "/log/proof/" + "9" * 30,
    "/log/proof/1e3",
    "/log/proof/0?size=0",
    "/log/proof/0?size=" + "9" * 30,
)


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_name_in_a_path_is_a_problem(api, path):
    reply = api.get(AUDITOR, path)
    assert reply.status_code in (404, 422)
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("key", ["", "x" * 201, "a\x01b", "a\xa0b"])
def test_a_wrong_key_for_repetitions_is_refused(api, key):
    body = {"name": "m", "base_url": "https://a.example", "upstream": "u", "snapshot": "s"}
    reply = api.post(
        VENDOR,
        "/models",
        body | {"credential": "c"},
        headers={"idempotency-key": key.encode("latin-1")},
    )
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"].lower() == "/idempotency-key"
    assert api.get(VENDOR, "/models/m").status_code == 404


def test_a_suite_that_is_none_is_refused(api):
    for archive in (b"", b"\x00" * 2000, b"x" * 100_000):
        files = {"archive": ("a", archive), "envelope": ("b", b"{}")}
        reply = api.ask("POST", AUDITOR, "/suites", files=files)
        assert reply.status_code == 422, archive[:10]
    assert api.ask("POST", AUDITOR, "/suites", json={}).status_code == 422
    headers = {"content-type": "multipart/form-data"}
    reply = api.ask("POST", AUDITOR, "/suites", content=b"x", headers=headers)
    assert reply.status_code in (400, 422)


def test_a_body_over_the_cap_is_refused(api):
    reply = api.post(AUDITOR, "/tokens", {"name": "x" * (1024 * 1024)})
    assert (reply.status_code, reply.json()["code"]) == (413, "too_large")


def test_the_api_speaks_of_no_origin_but_its_own(api):
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        reply = api.post(AUDITOR, "/tokens", {}, headers=headers)
        assert (reply.status_code, reply.json()["code"]) == (403, "origin")
    assert api.client.get(f"{API}/me", headers={"host": "evil.example"}).status_code == 400
