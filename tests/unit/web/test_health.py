import asyncio

import httpx

from web.app import create_app


def get(checks, path):
    async def ask():
        transport = httpx.ASGITransport(app=create_app(checks))
        async with httpx.AsyncClient(transport=transport, base_url="http://assay") as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_live_asks_nothing_of_any_part():
    def explode():
        raise AssertionError

    reply = get({"database": explode}, "/health/live")
    assert (reply.status_code, reply.json()) == (200, {"status": "live"})


def test_ready_when_every_part_works():
    reply = get({"database": lambda: True, "engine": lambda: True}, "/health/ready")
    assert reply.status_code == 200
    assert reply.json() == {"status": "ready", "checks": {"database": True, "engine": True}}


def test_not_ready_names_the_part_that_fails():
    reply = get({"database": lambda: True, "engine": lambda: False}, "/health/ready")
    assert reply.status_code == 503
    assert reply.json() == {"status": "not ready", "checks": {"database": True, "engine": False}}


def test_no_page_describes_the_service_before_it_has_one():
    assert [get({}, path).status_code for path in ("/docs", "/openapi.json")] == [404, 404]
