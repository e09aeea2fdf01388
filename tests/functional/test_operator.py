"""The operator's page of self-tests, with every probe there is, in a real browser."""

import pytest

from harness.records import platform as rows
from harness.records.base import Act
from sandbox.container.expectations import OUTSIDE, Level, expected
from tests.support import service
from tests.support import world as worlds
from tests.support.browser import faults
from tests.support.pages import add_operator


@pytest.fixture
def world(tmp_path):
    made = worlds.make(tmp_path / "data")
    add_operator(made)
    probes = [
        {
            "name": name,
            "outside": name in OUTSIDE,
            "level": level.value,
            "held": level is Level.MUST and name != "no_route",
            "detail": "EPERM",
        }
        for name, level in sorted(expected("runc").items())
    ]
    with made.platform.database.write() as session:
        for host, passed in (("first", False), ("second", True)):
            row = rows.SelfTest(
                image=worlds.IMAGE,
                host=host,
                engine="runc on Docker Engine 20.10.24, containerd 1.6.20, runc 1.1.5, kernel 6.1",
                digest="sha256:" + "5e" * 32,
                passed=passed,
                probes=probes,
                at=made.platform.clock(),
            )
            rows.put_selftest(session, row, Act("operator", "self-test", 1.0))
    yield made
    made.platform.database.close()


def test_the_page_of_self_tests_is_readable_for_everybody(world, page):
    with service.served(world) as url:
        page.goto(f"{url}/sign-in/{service.member(world, 'operator')}")
        page.get_by_role("button", name="Sign in").click()
        page.goto(f"{url}/operator/health")
        page.get_by_role("link", name="What isolation holds on each host").click()
        assert page.get_by_text("No route", exact=True).first.is_visible()
        hidden = page.get_by_text("Memory stops", exact=True).first
        assert not hidden.is_visible()
        page.locator("summary").first.click()
        assert hidden.is_visible()
        assert faults(page, "self-tests") == []
