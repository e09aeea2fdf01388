"""Two hundred runs one after another, and eight at once: nothing is left of any, anywhere.

Each is a whole session as a worker carries it out, with a client and a gateway process of its own,
one model call and one row, on an engine that nobody else uses.
"""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import docker
import pytest

from sandbox.container.docker import DockerRuntime
from sandbox.spec import Ending
from tests.integration.sandbox.guests import carry_out, container_of
from tests.integration.sandbox.traces import traces

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(900)]

_IN_A_ROW = 200
_AT_ONCE = 8
_ONE_ROW = """
async def work():
    await ask()
    await score("s0", correct=1)
drive(work())
drive(client.end(1))
"""


@pytest.fixture
def one_run(own_engine, own_guest):
    """Carry one run out, as a worker does, in the slot of this number."""

    def carry(slot=0):
        spec = own_guest(_ONE_ROW, samples=1)
        return carry_out(replace(spec, slot=spec.slot + slot), DockerRuntime(own_engine.url)).ending

    return carry


@contextlib.contextmanager
def timed(what, runs):
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    sys.stderr.write(f"\n{what}: {runs} runs in {took:.1f} s, {took / runs:.2f} s each\n")


def test_in_a_row(held, steady_vendor, one_run):
    asked = len(steady_vendor.seen)
    with timed("in a row", _IN_A_ROW):
        for _ in range(_IN_A_ROW):
            assert one_run() is Ending.COMPLETE
    assert len(steady_vendor.seen) - asked == _IN_A_ROW


def test_eight_at_once(held, steady_vendor, one_run):
    asked = len(steady_vendor.seen)
    together = threading.Barrier(_AT_ONCE)

    def carry(slot):
        ended = []
        for _ in range(2):
            together.wait(60)
            ended.append(one_run(slot))
        return ended

    with timed("eight at once", 2 * _AT_ONCE), ThreadPoolExecutor(_AT_ONCE) as pool:
        endings = [ending for ended in pool.map(carry, range(_AT_ONCE)) for ending in ended]
    assert endings == [Ending.COMPLETE] * 2 * _AT_ONCE
    assert len(steady_vendor.seen) - asked == 2 * _AT_ONCE


def test_what_is_left_would_be_seen(held, own_engine, own, own_guest, run_root):
    """The control of the counting: each kind of trace, made by hand, is named."""
    before = traces(own_engine, run_root)
    # No more can be made on an engine without a bridge: those that are there are seen.
    assert before.networks == {"none", "host"}
    folder = run_root / "00000000"
    folder.mkdir()
    stays = ("/usr/bin/python3", "-c", "import signal; signal.pause()")
    spec = container_of(own_guest(""), run_dir=folder, command=stays)
    over = threading.Event()
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(contextlib.closing(docker.APIClient(own_engine.url)))
        child = stack.enter_context(subprocess.Popen(["cat"], stdin=subprocess.PIPE))
        stack.callback(child.kill)
        thread = threading.Thread(target=over.wait)
        stack.callback(thread.join)
        stack.callback(over.set)
        thread.start()
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(folder / "gateway.sock"))
        container = own.create(spec)
        stack.callback(own.remove, container)
        own.start(container)
        image = client.commit(container)["Id"]
        stack.callback(client.remove_image, image)
        client.create_volume("left")
        stack.callback(client.remove_volume, "left")
        left = traces(own_engine, run_root).more_than(before)
    (folder / "gateway.sock").unlink()
    folder.rmdir()
    assert left.keys() == before.__dataclass_fields__.keys() - {"networks"}
