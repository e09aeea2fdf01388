import pytest

from sandbox.container import facts
from sandbox.spec import HostIds, host_ids

_VERSION = {
    "Version": "20.10.24",
    "KernelVersion": "6.1.0",
    "Components": [
        {"Name": "Engine", "Version": "20.10.24"},
        {"Name": "containerd", "Version": "1.6.20"},
        {"Name": "runc", "Version": "1.1.5"},
    ],
}


def _info(*security, **changes):
    told = {
        "SecurityOptions": list(security),
        "CgroupVersion": "1",
        "Runtimes": {"runc": {"path": "runc"}, "runsc": {"path": "/usr/bin/runsc"}},
        "DockerRootDir": "/var/lib/docker",
    }
    return told | changes


def test_reads_versions_controls_and_runtimes():
    found = facts.read(_VERSION, _info("name=seccomp,profile=default", "name=apparmor"))
    assert found.line == "Docker Engine 20.10.24, containerd 1.6.20, runc 1.1.5, kernel 6.1.0"
    assert found.runtimes == {"runc", "runsc"}
    assert (found.cgroups, found.confined, found.userns, found.id_offset) == (1, True, False, 0)


def test_an_engine_that_says_nothing_has_nothing():
    found = facts.read({}, {})
    assert (found.line, found.cgroups, found.runtimes) == ("", 1, frozenset())
    assert not found.confined
    assert not found.userns


@pytest.mark.parametrize(
    ("security", "root", "offset"),
    [
        ("name=userns", "/var/lib/docker/231072.231072", 231_072),
        ("name=seccomp,profile=userns", "/var/lib/docker/231072.231072", 0),
        ("name=userns", "/var/lib/docker", None),
        ("name=userns", "/var/lib/docker/1000.2000", None),
        ("name=rootless", "/home/me/docker/1000.1000", None),
    ],
)
def test_the_offset_is_what_the_engine_shows_and_never_guessed(security, root, offset):
    assert facts.read({}, _info(security, DockerRootDir=root)).id_offset == offset


def test_the_host_sees_a_run_s_user_behind_the_offset():
    assert host_ids(0, 20_007, "runc") == HostIds(0, 20_007, 20_007)
    assert host_ids(300_000, 20_007, "runc") == HostIds(300_000, 320_007, 320_007)
    # gVisor's helper connects for the guest, as the container's root.
    assert host_ids(300_000, 20_007, "runsc") == HostIds(300_000, 320_007, 300_000)
