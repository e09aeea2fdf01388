"""A bundle is checked on any machine: no network, no data folder, nothing but the file."""

import os
import shutil
import subprocess
import sys

import pytest

from harness.tlog import trust_root
from tests.unit.harness.tlog import chain

PIN = trust_root.digest(chain.root_bytes())
pytestmark = pytest.mark.docker

# Whether this process can reach anything: interfaces that are up, routes, a packet out.
LOOK = """
import socket
lines = [open(f"/proc/self/net/{name}").read().splitlines() for name in ("route", "ipv6_route")]
routes = [line for line in lines[0][1:]] + [line for line in lines[1] if " lo" not in line]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
    try:
        wire.connect(("192.0.2.1", 9))
        way = "open"
    except OSError as error:
        way = error.strerror
print(len(routes), way)
"""


def without_network(folder, *words):
    """Run Python in a network namespace of its own, in which even loopback is down."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return subprocess.run(
        ["unshare", "--net", sys.executable, *words],
        cwd=folder,
        env={**kept, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )


@pytest.fixture
def bundle(tmp_path):
    """A copy of a bundle, alone in an empty folder."""
    original = tmp_path / "made" / "report.bundle.json"
    original.parent.mkdir()
    original.write_bytes(chain.honest().bundle())
    folder = tmp_path / "empty"
    folder.mkdir()
    return shutil.copy(original, folder / "copy.json")


def verify(bundle, *words):
    return without_network(bundle.parent, "-m", "harness.cli.main", "verify", bundle.name, *words)


def test_there_is_no_network():
    inside = without_network("/", "-c", LOOK)
    assert (inside.returncode, inside.stdout) == (0, "0 Network is unreachable\n")


def test_the_look_would_see_a_network():
    outside = subprocess.run(
        [sys.executable, "-c", LOOK], capture_output=True, text=True, check=True
    )
    assert int(outside.stdout.split()[0]) > 0, "this machine has no route that could be taken away"


def test_a_copy_of_the_file_is_enough(bundle):
    done = verify(bundle, "--root", PIN)
    assert (done.returncode, done.stderr) == (0, "")
    assert "PASSED" in done.stdout
    # Nothing is left behind, and nothing else was there.
    assert list(bundle.parent.iterdir()) == [bundle]


def test_without_a_pin_it_says_so(bundle):
    done = verify(bundle)
    assert done.returncode == 3
    assert "UNPINNED" in done.stdout


def test_a_flipped_byte_fails_there_too(bundle):
    content = bytearray(bundle.read_bytes())
    content[len(content) // 2] ^= 1
    bundle.write_bytes(content)
    done = verify(bundle, "--root", PIN)
    assert done.returncode == 1
    assert "FAIL " in done.stdout
    assert done.stderr == ""
