"""The self-test in the hands of a launcher, which may do little more than give folders away."""

import json
import subprocess
import sys

import pytest

from tests.integration.launcher.conftest import FEW, ROOT
from tests.support import selftested
from tests.support import world as worlds

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def test_it_passes_with_few_rights_and_finds_the_same(tmp_path, image_id):
    world = worlds.make(tmp_path / "data", run_root="/run/assay-test-few")
    world.image(image_id)
    settings = world.platform.settings
    world.platform.database.close()
    told = {"ASSAY_DATA_DIR": str(settings.data_dir), "ASSAY_RUN_ROOT": str(settings.run_root)}
    done = subprocess.run(
        (*FEW, sys.executable, "-m", "harness.cli.main", "sandbox", "selftest", "--json"),
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **told},
        capture_output=True,
        timeout=120,
        check=False,
    )
    settings.run_root.rmdir()
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["passed"]
    assert found["digest"] == selftested.result(image_id).digest
