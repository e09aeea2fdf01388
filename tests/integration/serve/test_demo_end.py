"""The end of the demonstration: an address, and a link for each role that signs it in, once."""

import re
import signal
import sys
from urllib.parse import urlsplit

import pytest

from harness.cli.demo import scenario
from tests.integration.serve.served import Served
from tests.support.waiting import until

# What the demonstration does when the report is there, without the quarter of an hour before.
END = """
import os, sys
from pathlib import Path
from harness import config
from harness.cli.demo import browser, command, scenario
from harness.services.platform.opening import initialise, open_platform

settings = command._settings(Path(sys.argv[1]))
initialise(settings)
platform = open_platform(settings)
scenario.Parties(Path(sys.argv[1]).parent / "keys").register(platform)
browser.serve(settings)
"""


class DemoEnd(Served):
    """The last step, in a process of its own."""

    program = (sys.executable, "-c", END)


@pytest.fixture
def shown(tmp_path):
    demo = DemoEnd(tmp_path / "log", tmp_path / "data", str(tmp_path / "data"))
    yield demo
    demo.close()
    print(demo.said)  # noqa: T201


def test_each_role_gets_a_link_that_signs_it_in_once(shown):
    shown.wait_until_ready()
    links = dict(
        re.findall(r"^  (auditor|vendor|regulator|operator) +(http\S+)$", shown.said, re.MULTILINE)
    )
    assert set(links) == {role for _, role in scenario.ORGANISATIONS}
    for role, link in links.items():
        path = urlsplit(link).path
        status, page = shown.get(path)
        assert status == 200
        assert role in page
        first, cookie = shown.post(path)
        assert first == 303
        assert cookie.startswith("assay_session=")
        assert shown.post(path)[0] == 410
    # Nobody else is the operator: the demonstration's own organisation is.
    assert "operator's link" not in shown.said
    assert shown.stop(signal.SIGINT) == 0
    until(lambda: "stopped" in shown.said, 60, "a word at the end")
