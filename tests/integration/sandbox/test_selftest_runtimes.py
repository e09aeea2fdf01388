"""The self-test on engines of their own: one that remaps users, and one that knows gVisor."""

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.container import selftest
from sandbox.container.docker import DockerRuntime
from sandbox.container.expectations import NOT_UNDER_GVISOR, UNDER_GVISOR, Level
from tests.integration.sandbox.conftest import OWNER
from tests.support.engines import USERNS, second_engine
from tests.support.missing import missing

pytestmark = [pytest.mark.docker, pytest.mark.slow]

# No engine of Debian 12 passes options to a runtime by the command line.
_RUNSC = '#!/bin/sh\nexec {program} --platform=ptrace --network=none --host-uds=open "$@"\n'


@contextmanager
def result_on(image, archive, options, oci_runtime):
    """The self-test of an image on a second engine."""
    with second_engine(*options) as engine, tempfile.TemporaryDirectory(prefix="assay-r-") as name:
        root = Path(name)
        root.chmod(0o711)
        own = DockerRuntime(engine.url)
        own.load_image(archive)
        yield selftest.run(own, image, owner=OWNER, run_root=root, oci_runtime=oci_runtime)


@pytest.fixture(scope="module")
def archive(engine, image_id, tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "image.tar"
    engine.save_image(image_id, path)
    return path


def not_held(result, level):
    return {one.name: one.detail for one in result.probes if one.level is level and not one.held}


def test_no_must_fails_where_users_are_remapped(image_id, archive):
    with result_on(image_id, archive, [USERNS], "runc") as result:
        assert not_held(result, Level.MUST) == {}
        assert result.passed
        held = {one.name for one in result.probes if one.held}
    # What only such an engine gives.
    assert {"own_users", "own_users_seen"} <= held


def test_no_must_of_its_own_profile_fails_under_gvisor(image_id, archive, tmp_path):
    program = shutil.which("runsc") or missing("gVisor's runsc is not installed")
    wrapper = tmp_path / "runsc"
    wrapper.write_text(_RUNSC.format(program=program))
    wrapper.chmod(0o755)
    with result_on(image_id, archive, [f"--add-runtime=runsc={wrapper}"], "runsc") as result:
        assert not_held(result, Level.MUST) == {}
        assert result.passed
        weaker = {name for names in UNDER_GVISOR.values() for name in names}
        # Each exception is one: most of them do not hold there.
        lacking = not_held(result, Level.SHOULD).keys() & weaker
        assert len(lacking) > len(weaker) / 2
        assert {one.detail for one in result.probes if one.name in NOT_UNDER_GVISOR} == {"missing"}
        strict = sum(one.level is Level.MUST for one in result.probes)
    assert strict >= 50
