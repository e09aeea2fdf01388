"""The Dockerfile for bases from a registry; here the base is one that this engine has anyway."""

import io
import re
import tarfile
from pathlib import Path

import pytest

from sandbox.container import images, labels, selftest
from tests.integration.sandbox.conftest import OWNER

pytestmark = [pytest.mark.docker, pytest.mark.slow]

_ROOT = Path(__file__).resolve().parents[3]
_SOURCE = "sha256:" + "5" * 64


def _context():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(_ROOT / "evals", "evals")
        tar.add(_ROOT / "deploy/image/Dockerfile", "Dockerfile")
    packed.seek(0)
    return packed


@pytest.fixture
def built(engine, image_id, cli):
    (base, *_) = engine.images(labels.BASE, images.base_recipe())
    said = list(
        cli.api.build(
            fileobj=_context(),
            custom_context=True,
            buildargs={"BASE_IMAGE": base, "SOURCE": _SOURCE},
            network_mode="none",
            decode=True,
            rm=True,
            forcerm=True,
        )
    )
    assert not [line for line in said if "error" in line], said[-3:]
    yield next(line["aux"]["ID"] for line in reversed(said) if "aux" in line)
    # The builder keeps every step as an image; the base is not ours to remove.
    steps = re.findall(r"---> ([0-9a-f]{12})\n", "".join(line.get("stream", "") for line in said))
    for step in reversed(steps):
        if not base.startswith(f"sha256:{step}"):
            engine.remove_image(step)


def test_it_is_admitted_and_holds(engine, built, run_root):
    images.admit(engine, built)
    result = selftest.run(engine, built, owner=OWNER, run_root=run_root)
    assert [probe for probe in result.probes if not probe.held and probe.level == "must"] == []
    assert next(p for p in result.probes if p.name == "no_privileged_files").held
