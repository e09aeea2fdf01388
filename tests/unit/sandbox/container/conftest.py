from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.container.hardening import create_body
from sandbox.spec import ContainerSpec

IMAGE = "sha256:" + "a" * 64


@pytest.fixture
def spec():
    return ContainerSpec(
        run="r1",
        attempt=2,
        owner="o1",
        image=IMAGE,
        slot=7,
        run_dir=Path("/run/assay/0123abcd"),
        deadline=1_700_000_000.9,
    )


@pytest.fixture
def body(spec):
    return create_body(spec)


@pytest.fixture
def runsc(spec):
    return replace(spec, runtime="runsc")
