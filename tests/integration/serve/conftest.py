"""Served data folders, ended with their test, and what they said when it fails."""

import pytest

from tests.integration.serve.served import Served


@pytest.fixture
def serve(tmp_path):
    started = []

    def start(*words, **environment):
        log = tmp_path / f"serve-{len(started)}.log"
        started.append(Served(log, tmp_path / "data", *words, **environment))
        return started[-1]

    yield start
    for served in started:
        served.close()
        # For the report of a test that failed.
        print(served.said[-5000:])  # noqa: T201
