"""The API itself: what it tells everybody, who may ask, and that its description is true."""

import base64
import re

import pytest

from harness.documents import canonical
from tests.support import world as worlds
from tests.support.copies import copy
from tests.support.programs import API, programs
from tests.support.service import member, signed_in
from tests.support.world import AUDITOR

PATHS = {
    "digest": "sha256:" + "0" * 64,
    "name": "nothing",
    "login": "nobody",
    "draft_id": "p0",
    "protocol_id": "p0",
    "run_id": "0",
    "token_id": "0",
    "index": "0",
}


@pytest.fixture(scope="module")
def api(peopled, tmp_path_factory):
    """One world for all: nothing here changes it for another."""
    copied = copy(peopled, tmp_path_factory.mktemp("service") / "data")
    with programs(copied) as found:
        yield found
    copied.platform.database.close()


@pytest.fixture(scope="module")
def described(api):
    return api.get("", "/openapi.json").json()


def operations(described):
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path.removeprefix(API).format(**PATHS), operation


def test_everybody_may_know_what_to_pin(api):
    facts = api.get("", "").json()
    root = base64.b64decode(facts["trust_root"])
    assert canonical.digest(root) == facts["trust_root_digest"]
    assert facts["trust_root_digest"] == api.world.platform.trust_root_digest
    assert facts["log_origin"] == "assay.local/log"


def test_a_program_is_told_whom_it_acts_for(api):
    me = api.get(AUDITOR, "/me").json()
    assert me.pop("expires_at") > api.world.platform.clock()
    assert me == {
        "organisation": AUDITOR,
        "role": "auditor",
        "person": f"member.of.{AUDITOR}",
        "scopes": ["read", "write"],
    }


def test_the_description_says_of_every_path_whether_it_needs_a_token(api, described):
    seen = set()
    for method, path, operation in operations(described):
        status = api.ask(method, "", path, json={}).status_code
        assert (status == 401) is bool(operation.get("security")), (method, path, status)
        seen.add(status == 401)
    assert seen == {True, False}


def test_public_paths_are_these(described):
    public = {path for _, path, item in operations(described) if "security" not in item}
    assert public == {
        "",
        "/sign-in",
        "/log/checkpoint",
        "/log/entries",
        "/log/statements/" + PATHS["digest"],
        "/log/proof/0",
    }


def test_a_cookie_is_no_token(api):
    link = member(api.world, AUDITOR, "somebody.else")
    cookie = "; ".join(f"{name}={value}" for name, value in signed_in(api.world, link).items())
    reply = api.get("", "/me", headers={"cookie": cookie})
    assert (reply.status_code, reply.json()["code"]) == (401, "not_signed_in")
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YTpi", "Bearer assay_wrong", "x"])
def test_what_is_no_token_lets_nobody_in(api, header):
    assert api.get("", "/me", headers={"authorization": header}).status_code == 401


def test_the_description_is_whole(described):
    names = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(names) == len(set(names)) > 30
    tags = {tag["name"] for tag in described["tags"]}
    for _, path, operation in operations(described):
        assert operation["description"], path
        assert set(operation["tags"]) <= tags
        assert {"4XX", "5XX"} <= operation["responses"].keys()
        assert "application/problem+json" in operation["responses"]["4XX"]["content"]
    text = api_text(described)
    references = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert references <= described["components"]["schemas"].keys()


def api_text(described):
    return canonical.dumps({"a": _no_floats(described)}).decode()


def _no_floats(value):
    if isinstance(value, dict):
        return {key: _no_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_no_floats(item) for item in value]
    return str(value) if isinstance(value, float) else value


def test_a_key_for_repetitions_is_offered_where_nothing_secret_is_answered(described):
    offered = {
        path
        for method, path, operation in operations(described)
        if any(item["name"] == "Idempotency-Key" for item in operation.get("parameters", ()))
    }
    assert offered == {
        "/suites",
        "/models",
        "/drafts",
        "/protocols",
        "/protocols/p0/signatures",
        "/protocols/p0/runs",
        "/runs/0/stop",
        "/organisations",
    }


def test_no_schema_of_a_reply_holds_a_secret_but_a_new_token_and_a_link(described):
    schemas = described["components"]["schemas"]
    telling = re.compile("secret|password|credential|link")
    found = {
        (name, field)
        for name, schema in schemas.items()
        for field, about in schema.get("properties", {}).items()
        if telling.search(field) and about.get("type") != "boolean" and not about.get("writeOnly")
    }
    assert found == {("IssuedToken", "secret"), ("Invitation", "link")}


def test_what_is_not_there_is_a_problem(api):
    for path in ("/nothing", "/models/nothing", "/runs/abc"):
        reply = api.get(AUDITOR, path)
        assert reply.status_code == 404
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json()["status"] == 404
    assert api.ask("DELETE", AUDITOR, "/models").status_code == 405


def test_health_is_for_the_operator(api):
    assert api.get(worlds.VENDOR, "/operator/health").status_code == 403
    health = api.get("operator", "/operator/health").json()
    assert {"database", "log", "workers"} <= {item["name"] for item in health["findings"]}
    assert health["ok"] is all(item["ok"] for item in health["findings"])
