"""The pages of models: the list, one model, and registering one without showing its secret."""

import pytest

from harness.records import parties
from harness.services.access import Actor
from harness.services.parties import registry
from tests.support import world as worlds
from tests.support.copies import copy
from tests.support.programs import RIVAL, ROLES, STRANGER
from tests.support.queries import counted
from tests.support.visits import visits

EVERYBODY = (worlds.AUDITOR, worlds.VENDOR, worlds.REGULATOR, "operator", RIVAL, STRANGER)
SECRET = "sk-very-secret-1234567890"
FIELDS = {
    "name": "small-7b",
    "snapshot": "2026-01-15",
    "base_url": "https://api.vendor.example/v1",
    "upstream": "internal-name-7b",
    "credential": SECRET,
    "price_in": "0.15",
    "price_out": "0.6",
}


@pytest.fixture
def browse(peopled, tmp_path):
    world = copy(peopled, tmp_path / "data")
    with visits(world) as found:
        yield found
    world.platform.database.close()


def stored(world, name):
    with world.platform.database.read() as session:
        return parties.model(session, name)


def add(world, number):
    with world.platform.database.write() as session:
        for index in range(number):
            registry.add_model(
                session,
                world.platform,
                Actor(worlds.VENDOR, "vendor"),
                f"more-{index:02}",
                "https://api.vendor.example/v1",
                "x",
                "s",
                SECRET,
                0,
                0,
            )


@pytest.mark.parametrize("who", EVERYBODY)
def test_every_party_sees_what_is_offered(browse, who):
    page = browse.get(who, "/models")
    assert page.status_code == 200
    for told in ("replayed", worlds.VENDOR, "snapshot-1", "$0.0100", "$0.0400"):
        assert told in page.text
    assert ("Register a model" in page.text) is (ROLES[who] == "vendor")


@pytest.mark.parametrize("who", EVERYBODY)
def test_the_endpoint_is_for_its_vendor_and_the_operator(browse, who):
    page = browse.get(who, "/models/replayed")
    assert page.status_code == 200
    shown = "http://127.0.0.1:9/v1" in page.text
    assert shown is (who in {worlds.VENDOR, "operator"})
    assert ("Propose a protocol" in page.text) is (ROLES[who] == "auditor")
    assert "secret-credential" not in page.text


@pytest.mark.parametrize("name", ["another", "Upper", "%00", "x" * 200])
def test_a_model_that_is_not_there_is_not_found(browse, name):
    assert browse.get(worlds.AUDITOR, f"/models/{name}").status_code == 404


@pytest.mark.parametrize("path", ["/models", "/models/new", "/models/replayed"])
def test_nobody_sees_models_without_signing_in(browse, path):
    assert browse.get("", path).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("who", [worlds.AUDITOR, worlds.REGULATOR, "operator"])
def test_only_vendors_register_models(browse, who):
    assert browse.get(who, "/models/new").status_code == 403
    reply = browse.submit(who, "/models", "/models", **FIELDS)
    assert reply.status_code == 403
    assert stored(browse.world, "small-7b") is None


def test_a_vendor_registers_a_model(browse):
    reply = browse.submit(worlds.VENDOR, "/models", "/models/new", **FIELDS)
    assert (reply.status_code, reply.headers["location"]) == (303, "/models/small-7b")
    row = stored(browse.world, "small-7b")
    assert (row.price_in, row.price_out) == (150_000, 600_000)
    assert browse.world.platform.vault.open(row.credential) == SECRET
    page = browse.get(worlds.VENDOR, "/models/small-7b").text
    assert "internal-name-7b" in page
    assert SECRET not in page


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("name", "Small 7B", "up to 80 of a-z"),
        ("name", "replayed", "a model named replayed exists already"),
        ("snapshot", "", "one line of 1 to 200 characters"),
        ("base_url", "ftp://x", "http:// or https://"),
        ("base_url", "http://elsewhere.example/v1", "plain http only on this machine"),
        ("upstream", "x" * 201, "one line of 1 to 200 characters"),
        ("credential", "", "one line of ASCII"),
        ("credential", "schlüssel", "one line of ASCII"),
        ("price_in", "cheap", "an amount in US dollars"),
        ("price_out", "-1", "an amount in US dollars"),
        ("price_in", "0.0000001", "an amount in US dollars"),
        ("price_in", "9999999", "at most 2147"),
        ("price_in", "NaN", "an amount in US dollars"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept(
    browse, field, typed, message
):
    reply = browse.submit(worlds.VENDOR, "/models", "/models/new", **{**FIELDS, field: typed})
    assert reply.status_code == 422
    beside = reply.text.split(f'id="{field}-error"')[1].split("</p>")[0]
    assert message in beside
    for name, text in {**FIELDS, field: typed}.items():
        if name != "credential" and text:
            assert f'name="{name}"' in reply.text
            assert f'value="{text}"' in reply.text
    assert SECRET not in reply.text
    assert stored(browse.world, "small-7b") is None


def test_the_credential_is_in_no_reply_even_when_it_is_what_is_wrong(browse):
    wrong = f"{SECRET}\u00e9"
    reply = browse.submit(
        worlds.VENDOR, "/models", "/models/new", **{**FIELDS, "credential": wrong}
    )
    assert reply.status_code == 422
    assert SECRET not in reply.text


def test_a_form_of_another_session_changes_nothing(browse):
    reply = browse.post(worlds.VENDOR, "/models", csrf="0" * 64, **FIELDS)
    assert reply.status_code == 403
    assert SECRET not in reply.text
    assert stored(browse.world, "small-7b") is None


@pytest.mark.parametrize("who", [worlds.AUDITOR, worlds.VENDOR])
def test_a_list_costs_as_many_queries_for_one_model_as_for_many(browse, who):
    browse.get(who, "/models")
    with counted(browse.world.platform.database) as one:
        browse.get(who, "/models")
    add(browse.world, 20)
    with counted(browse.world.platform.database) as many:
        page = browse.get(who, "/models").text
    assert page.count('href="/models/more-') == 20
    assert len(one) == len(many) <= 4


def test_a_long_list_is_read_page_by_page(browse):
    add(browse.world, 3)
    first = browse.get(worlds.AUDITOR, "/models?limit=2").text
    older = first.split('href="/models?cursor=')[1].split('"')[0]
    second = browse.get(worlds.AUDITOR, f"/models?limit=2&cursor={older}").text
    assert 'href="/models/more-01"' in first
    assert 'href="/models/more-02"' in second
    assert 'href="/models/replayed"' in second


def test_without_models_each_role_reads_what_to_do(tmp_path):
    world = worlds.make(tmp_path / "data")
    with visits(world) as found:
        assert "Register the endpoint of a model" in found.get(worlds.VENDOR, "/models").text
        assert "as soon as its vendor registers it" in found.get(worlds.AUDITOR, "/models").text
    world.platform.database.close()
