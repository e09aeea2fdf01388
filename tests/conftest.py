"""What all tests share: Hypothesis' profile, and data that is missing nowhere in CI."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine must not fail a test: how long an example takes is no property of the code.
settings.register_profile("assay", deadline=None)
settings.load_profile("assay")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of data that nobody here wrote: skipped without it, never in CI."""
    folder = Path(os.environ.get("ASSAY_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        message = f"no test data in {folder}; name its folder by ASSAY_SHARED_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder
