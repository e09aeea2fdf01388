"""What a test does without something it needs: fails in CI, is skipped elsewhere, says why."""

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """End the test that is running."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
