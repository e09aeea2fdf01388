"""What holds inside a container of the run spec, and fails without that control."""

import json
import os

import docker
import pytest

from evals import probes
from evals.probing import process
from sandbox.container import selftest
from sandbox.container.expectations import INSIDE as EXPECTED
from sandbox.container.expectations import Level
from tests.integration.sandbox.conftest import OWNER

pytestmark = pytest.mark.docker

_PROBES = ["/usr/bin/python3", "-I", "-S", "/opt/assay/evals/probes.py", "-"]

# The engine's defaults, and then everything opened that this engine may open.
_PLAIN = {"NetworkMode": "none"}
_OPEN = {
    "NetworkMode": "host",
    "PidMode": "host",
    "IpcMode": "host",
    "CgroupnsMode": "host",
    "CapAdd": ["SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN", "SYS_MODULE", "SYSLOG"],
    "SecurityOpt": ["seccomp=unconfined"],
    "MaskedPaths": [],
    "ReadonlyPaths": [],
    "Devices": [
        {"PathOnHost": "/dev/null", "PathInContainer": "/dev/other", "CgroupPermissions": "r"}
    ],
    "ShmSize": 2 << 30,
    "Binds": ["/tmp:/tmp", "/var:/work", "/run/docker.sock:/run/engine.sock"],
}
_MUST_WORK = {"threads_work", "child_programs_work", "databases_work", "loopback_works"}
# Where this machine itself refuses: each has a control of its own below, or cannot have one.
_NO_CONTROL = {
    "no_x32_calls",  # a kernel built without x32 answers as our filter does
    "no_foreign_descriptors",
}


@pytest.fixture(scope="module")
def hardened(engine, image_id, tmp_path_factory):
    root = tmp_path_factory.mktemp("r", numbered=True)
    return selftest.run(engine, image_id, owner=OWNER, run_root=root)


@pytest.fixture(scope="module")
def unprotected(engine, image_id, tmp_path_factory):
    """Names of the probes that hold in both control containers."""
    held = set(EXPECTED)
    # Not every machine has such a file where these containers can see it.
    privileged = tmp_path_factory.mktemp("privileged") / "file"
    privileged.touch()
    privileged.chmod(0o4755)
    opened = {**_OPEN, "Binds": [*_OPEN["Binds"], f"{privileged}:/privileged"]}
    client = docker.APIClient()
    for host_config in (_PLAIN, opened):
        body = {
            "Image": image_id,
            "Cmd": _PROBES,
            "User": "0:1000",
            "Env": ["API_KEY=invented"],
            "HostConfig": host_config,
        }
        container = client.create_container_from_config(body)["Id"]
        try:
            client.start(container)
            client.wait(container)
            rows = json.loads(client.logs(container, stderr=False))
        finally:
            client.remove_container(container, force=True)
        held &= {row["name"] for row in rows if row["held"]}
    client.close()
    return held


def test_the_script_and_the_expectations_name_the_same_probes():
    assert len(list(probes.probes())) == len(EXPECTED)
    assert {name for name, _ in probes.probes()} == set(EXPECTED)
    assert len(EXPECTED) >= 100


def test_the_selftest_passes(hardened):
    assert [p for p in hardened.probes if p.level is Level.MUST and not p.held] == []
    assert hardened.passed


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_holds_inside_and_not_without(hardened, unprotected, name):
    (probe,) = [probe for probe in hardened.probes if probe.name == name]
    if EXPECTED[name] is Level.MUST:
        assert probe.held, probe.detail
    if name not in _MUST_WORK | _NO_CONTROL:
        assert name not in unprotected


def test_an_inherited_descriptor_would_be_seen(tmp_path):
    with (tmp_path / "file").open("w") as one, (tmp_path / "file").open() as two:
        os.fstat(one.fileno()), os.fstat(two.fileno())
        held, _ = process._no_foreign_descriptors()
    assert not held


def test_equal_outcomes_have_equal_digests(engine, image_id, run_root, hardened):
    again = selftest.run(engine, image_id, owner=OWNER, run_root=run_root)
    changed = [(a, b) for a, b in zip(hardened.probes, again.probes, strict=True) if a != b]
    assert changed == []
    assert again.digest == hardened.digest
