"""What all tests share: Hypothesis' profile, and data that is missing nowhere in CI."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.missing import missing

# Started when a test asks for one; what needs a server is no unit test.
pytest_plugins = [
    "tests.support.servers.fixtures",
    "tests.support.browser",
    "tests.support.engine",
]

# A busy machine must not fail a test: how long an example takes is no property of the code.
settings.register_profile("assay", deadline=None)
settings.load_profile("assay")

ROOT = Path(__file__).resolve().parents[1]
_LONGEST_ID = 40


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of data that nobody here wrote: skipped without it, never in CI."""
    folder = Path(os.environ.get("ASSAY_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        message = f"no test data in {folder}; name its folder by ASSAY_SHARED_DATA"
        missing(message)
    return folder


@pytest.fixture(scope="session")
def as_root() -> None:
    """What only root can show, by acting as another user: skipped otherwise, never in CI."""
    if os.geteuid() != 0:
        missing("only root can act as another user")


def pytest_make_parametrize_id(val, argname):
    """Name long or structured values by their argument.

    Fresh keys and the order of a set differ from process to process, and the processes of one
    test run must agree on every test's name.
    """
    plain = isinstance(val, str | bytes) and len(val) <= _LONGEST_ID
    return None if plain or isinstance(val, int | None) else argname
