"""How the process starts, whom it lets in, and how it ends."""

import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.gateway.scripted_vendor import hang
from tests.support.waiting import until

CLIENT = """
import os, socket, sys
os.setgroups([])
os.setresgid(*[int(sys.argv[3])] * 3)
os.setresuid(*[int(sys.argv[2])] * 3)
client = socket.socket(socket.AF_UNIX)
client.settimeout(30)
client.connect(sys.argv[1])
try:
    client.sendall(b"GET /v1/models HTTP/1.1\\r\\nHost: g\\r\\n\\r\\n")
    print(client.recv(12).decode())
except ConnectionError:
    print("")
"""


def visit(gateway, uid, gid):
    """What another user gets of the gateway."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", CLIENT, gateway.socket, str(uid), str(gid)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else "refused"


@pytest.mark.usefixtures("as_root")
def test_only_the_runs_own_user_is_let_in(vendor, launch):
    launch.folder.chmod(0o755)
    gateway = launch(vendor.base_url, uid=20_007)
    info = Path(gateway.socket).stat()
    assert (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (0, 20_007, 0o660)
    assert visit(gateway, 20_007, 20_007) == "HTTP/1.1 200"
    assert visit(gateway, 20_008, 20_007) == ""  # the mode lets it connect, the check does not
    assert visit(gateway, 20_008, 20_008) == "refused"
    with pytest.raises((ConnectionError, OSError)):  # root is not the run's user either
        gateway.request("GET", "/v1/models")


@pytest.mark.parametrize("word", [b"S", b"x", b"AAS", None])
def test_a_word_or_the_end_of_the_control_pipe_stops_it(vendor, gateway, word):
    gateway.ask()
    if word is None:
        gateway.hang_up()
    else:
        gateway.say(word)
    assert gateway.process.wait(30) == 0
    assert gateway.wait_for("receipt")["receipt"]["replies"] == 1


def test_a_stop_settles_what_is_in_flight(vendor, gateway):
    vendor.plays(hang, hang)
    with gateway.connect() as client:
        gateway.send_chat(client)
        until(lambda: len(vendor.seen) == 1, 60, "the first call at the vendor")
    with gateway.connect() as client:
        gateway.send_chat(client)
        until(lambda: len(vendor.seen) == 2, 60, "the second call at the vendor")
        receipt = gateway.stop()
        assert client.recv(100) == b""
    assert (receipt["attempts"], receipt["replies"], receipt["tokens_out"]) == (2, 0, 32)


def test_sigterm_is_a_stop(gateway):
    gateway.process.terminate()
    assert gateway.process.wait(30) == 0
    gateway.wait_for("receipt")


def test_ctrl_c_is_left_to_the_session(vendor, gateway):
    gateway.process.send_signal(signal.SIGINT)
    assert gateway.ask() == "four"


PARENT = """
import os, sys, time
from tests.integration.gateway.gateway_process import Launcher
launcher = Launcher()
gateway = launcher(sys.argv[1])
print(gateway.process.pid, launcher.folder, flush=True)
time.sleep(60)
"""


def test_it_dies_with_the_process_that_started_it(vendor):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, vendor.base_url], stdout=subprocess.PIPE, text=True
    )
    pid, folder = parent.stdout.readline().split()
    parent.kill()
    parent.wait(30)
    parent.stdout.close()
    until(lambda: not _runs(int(pid)), 60, "the gateway's end")
    for path in Path(folder).iterdir():
        path.unlink()
    Path(folder).rmdir()


def _runs(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
