"""A scripted vendor and gateways in front of it."""

import pytest

from tests.integration.gateway.gateway_process import Launcher
from tests.integration.gateway.scripted_vendor import ScriptedVendor


@pytest.fixture
def vendor():
    vendor = ScriptedVendor()
    yield vendor
    vendor.stop()


@pytest.fixture
def launch():
    launcher = Launcher()
    yield launcher
    launcher.close()


@pytest.fixture
def gateway(vendor, launch):
    return launch(vendor.base_url)
