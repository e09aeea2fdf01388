import pytest

from tests.support.service import client_of


@pytest.fixture
def get(world):
    def ask(checks, path):
        with client_of(world, checks) as client:
            return client.get(path)

    return ask


def test_live_asks_nothing_of_any_part(get):
    def explode():
        raise AssertionError

    reply = get({"database": explode}, "/health/live")
    assert (reply.status_code, reply.json()) == (200, {"status": "live"})


def test_ready_when_every_part_works(get):
    reply = get({"database": lambda: True, "engine": lambda: True}, "/health/ready")
    assert reply.status_code == 200
    assert reply.json() == {"status": "ready", "checks": {"database": True, "engine": True}}


def test_not_ready_names_the_part_that_fails(get):
    reply = get({"database": lambda: True, "engine": lambda: False}, "/health/ready")
    assert reply.status_code == 503
    assert reply.json() == {"status": "not ready", "checks": {"database": True, "engine": False}}


def test_no_page_describes_the_service_before_it_has_one(get):
    assert [get({}, path).status_code for path in ("/docs", "/openapi.json")] == [404, 404]
