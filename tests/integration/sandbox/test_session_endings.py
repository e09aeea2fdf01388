"""Every way a sandboxed run can end, with the real engine and the real gateway.

What hostile guests do to their host is in `test_failure_table.py`. The fixtures `runtime` and
`run_root` check after each test that no container and no folder is left.
"""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from sandbox.container.docker import DockerRuntime
from sandbox.container.runtime import Status
from sandbox.spec import Budget, Ending, Limits, Score
from tests.integration.gateway.scripted_vendor import ScriptedVendor
from tests.integration.sandbox.guests import (
    ANSWER_ALL,
    CREDENTIAL,
    Watched,
    carry_out,
    container_of,
    running,
    spec_of,
    until,
)

pytestmark = pytest.mark.docker

_FOR_EVER = "while True: time.sleep(1)"


@pytest.fixture
def vendor():
    vendor = ScriptedVendor()
    yield vendor
    vendor.stop()


@pytest.fixture
def guest(scripted_image, run_root, vendor):
    def make(script, **options):
        return spec_of(scripted_image, run_root, vendor.base_url, script, **options)

    return make


def test_complete(guest, runtime, vendor):
    watched = Watched()
    result = carry_out(guest(ANSWER_ALL), runtime, watched)
    assert (result.ending, result.code) == (Ending.COMPLETE, "end")
    assert sorted(result.scores, key=lambda score: score.sample) == [
        Score(0, 0, (1,)),
        Score(1, 0, (0,)),
    ]
    assert result.reply_reached_guest
    assert watched.replies == 1
    assert watched.progress[-1] == (1, 2)
    assert (result.receipt.requests, result.receipt.replies) == (1, 1)
    assert f"Bearer {CREDENTIAL}" in vendor.seen[0].headers.values()


def test_many_rows_reach_us_although_the_container_ends_at_once(guest, runtime):
    script = """
async def work():
    for number in range(9000):
        await score(f"s{number}", correct=1)
drive(work())
drive(client.end(9000))
os.kill(os.getppid(), signal.SIGTERM)
"""
    result = carry_out(guest(script, samples=9000), runtime)
    assert result.ending is Ending.COMPLETE
    assert len(result.scores) == 9000


def test_the_caller_knows_of_the_first_reply_before_the_guest_has_it(guest, runtime):
    # The caller takes half a second to note it; the guest says whether it waited as long.
    watched = Watched()
    watched._reply = lambda: threading.Event().wait(0.5)
    script = """
async def work():
    waited = []
    for _ in range(2):
        started = time.monotonic()
        await ask()
        waited.append(time.monotonic() - started >= 0.5)
    await score("s0", correct=int(waited[0]))
    await score("s1", correct=int(waited[1]))
drive(work())
drive(client.end(2))
"""
    result = carry_out(guest(script), runtime, watched)
    assert {score.sample: score.values for score in result.scores} == {0: (1,), 1: (0,)}


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("", "no_end"),
        ("raise SystemExit(3)", "no_end"),
        ('drive(score("s0", correct=7))', None),
        ('drive(score("nobody", correct=1))', None),
        ("drive(client.end(2))", None),
    ],
)
def test_a_guest_that_breaks_the_rules(guest, runtime, script, code):
    result = carry_out(guest(script), runtime)
    assert result.ending is Ending.GUEST_FAULT
    assert code in (None, result.code)
    assert result.scores == ()
    assert not result.reply_reached_guest


def test_enough_memory(guest, runtime):
    eat_less = "hoard = [bytearray(1 << 20) for _ in range(32)]\n"
    limits = Limits(memory_bytes=128 * 1024 * 1024)
    assert carry_out(guest(eat_less + ANSWER_ALL, limits=limits), runtime).ending == "complete"


@pytest.mark.parametrize("script", [_FOR_EVER, "while True: pass"], ids=["waits", "spins"])
def test_the_deadline(guest, runtime, script):
    spec = guest(script, wall_clock_s=2)
    result = carry_out(spec, runtime)
    assert (result.ending, result.code) == (Ending.DEADLINE, "deadline")
    assert spec.grant.not_after <= time.time() < spec.grant.not_after + 5
    assert runtime.list(spec.owner) == ()


def test_a_stop_is_heard(guest, runtime):
    watched = Watched(stop_at=time.monotonic() + 1)
    result = carry_out(guest(_FOR_EVER), runtime, watched)
    assert result.ending is Ending.STOPPED
    assert time.monotonic() < watched.stop_at + 2


def test_killed_from_outside(guest, runtime):
    spec = guest(_FOR_EVER)
    killer = threading.Thread(target=_kill_when_running, args=(DockerRuntime(), spec))
    killer.start()
    result = carry_out(spec, runtime)
    killer.join()
    assert (result.ending, result.code) == (Ending.ENGINE_LOST, "container_killed")


def test_removed_from_outside(guest, runtime):
    spec = guest(_FOR_EVER)
    remover = threading.Thread(target=_remove_when_running, args=(DockerRuntime(), spec))
    remover.start()
    result = carry_out(spec, runtime)
    remover.join()
    assert result.ending is Ending.ENGINE_LOST


def test_a_doubled_run_is_refused_and_the_first_goes_on(guest, runtime, run_root):
    spec = guest(ANSWER_ALL)
    first = runtime.create(container_of(spec))
    result = carry_out(spec, runtime)
    assert (result.ending, result.code) == (Ending.START_REFUSED, "duplicate_container")
    assert runtime.inspect(first).status is Status.CREATED
    runtime.remove(first)


def test_no_such_image(guest, runtime, run_root, vendor):
    spec = spec_of("sha256:" + "0" * 64, run_root, vendor.base_url, "")
    result = carry_out(spec, runtime)
    assert (result.ending, result.code) == (Ending.START_REFUSED, "image_refused")


def test_no_engine(guest, tmp_path):
    result = carry_out(guest(ANSWER_ALL), DockerRuntime(f"unix://{tmp_path}/no.sock"))
    assert (result.ending, result.code) == (Ending.ENGINE_LOST, "engine_unavailable")


def test_the_vendor_is_down(scripted_image, run_root, runtime):
    spec = spec_of(scripted_image, run_root, "http://127.0.0.1:9/v1", ANSWER_ALL)
    result = carry_out(spec, runtime)
    assert result.ending is Ending.VENDOR_DOWN
    assert not result.reply_reached_guest
    assert result.receipt.vendor_errors


def test_over_budget(guest, runtime):
    one_call = Budget(1, 10**9, 10**9, 10**12, 8)
    result = carry_out(guest(f"drive(ask())\n{ANSWER_ALL}", budget=one_call), runtime)
    assert (result.ending, result.scores) == (Ending.OVER_BUDGET, ())
    assert result.reply_reached_guest
    assert (result.receipt.attempts, result.receipt.denied) == (1, 1)


def test_the_gateway_dies(guest, runtime):
    killer = threading.Thread(target=_kill_gateway)
    killer.start()
    result = carry_out(guest(_FOR_EVER), runtime)
    killer.join()
    assert result.ending is Ending.GATEWAY_LOST


def test_the_credential_is_nowhere_inside(guest, runtime):
    # As bytes of the guest's memory are searched too, the needle is put together late.
    look = f"""
needle = bytes(reversed({CREDENTIAL[::-1].encode()!r}))[:-1]
places = ["/proc/self/environ", "/proc/self/cmdline", "/proc/1/environ", "/assay/run.json"]
for folder, _, names in os.walk("/assay/suite"):
    places += [folder + "/" + name for name in names if name != "guest.py"]
def holds(path):
    try:
        with open(path, "rb") as stream:
            return needle in stream.read()
    except OSError:
        return False
with open("/tmp/control", "wb") as control:
    control.write(needle)
found, control = int(any(map(holds, places))), int(holds("/tmp/control"))
drive(score("s0", correct=found), score("s1", correct=control))
drive(client.end(2))
"""
    result = carry_out(guest(look), runtime)
    assert {score.sample: score.values for score in result.scores} == {0: (0,), 1: (1,)}


def test_nothing_is_left_behind(guest, runtime):
    carry_out(guest(ANSWER_ALL), runtime)  # what is made once per process
    before = _descriptors(), threading.active_count()
    for _ in range(3):
        assert carry_out(guest(ANSWER_ALL), runtime).ending is Ending.COMPLETE
    assert until(lambda: threading.active_count() <= before[1])
    assert until(lambda: _descriptors() <= before[0])
    assert _gateways() == []


def _kill_when_running(runtime, spec):
    runtime.kill(_running(runtime, spec))


def _remove_when_running(runtime, spec):
    runtime.remove(_running(runtime, spec))


def _running(runtime, spec):
    assert until(lambda: running(runtime, spec.grant.run))
    return running(runtime, spec.grant.run)[0]


def _kill_gateway():
    assert until(_gateways)
    os.kill(_gateways()[0], signal.SIGKILL)


def _gateways() -> list[int]:
    """Gateway processes that this very process started."""
    found = []
    for path in Path("/proc").iterdir():
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            parent = int((path / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if b"sandbox.gateway" in words and parent == os.getpid():
            found.append(int(path.name))
    return found


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
