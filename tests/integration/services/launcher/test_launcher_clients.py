"""Clients that misbehave: refused with a constant, and a cost to nobody but themselves."""

import contextlib
import json
import select
import socket
import subprocess
import sys
import threading

import pytest

from harness.errors import Conflict
from harness.services.launcher.server import listening
from sandbox.container import calls
from sandbox.errors import PlatformFault
from tests.integration.services.launcher.conftest import NOBODY, files
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("as_root")


@contextlib.contextmanager
def connected(path):
    with socket.socket(socket.AF_UNIX) as end:
        end.settimeout(30)
        end.connect(str(path))
        yield end


def ask(path, said, *, half=False):
    with connected(path) as end:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            end.sendall(said)
        if half:
            end.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := end.recv(1000):
                answer += part
    return json.loads(answer) if answer else None


REFUSED = {"fault": "platform", "code": "bad_call"}


def test_lines_that_are_no_calls(remote, path, spec):
    good = calls.encode(calls.Call(calls.INSPECT, spec.run, 2, "joined"))
    assert ask(path, b"x" * 100_000) in (REFUSED, None)
    assert ask(path, good[:-5], half=True) == REFUSED
    assert ask(path, good[:-1], half=True) == REFUSED
    assert ask(path, b"", half=True) is None
    assert ask(path, b"\n") == REFUSED
    assert ask(path, good.replace(spec.run.encode(), b"../../../etc/pas")) == REFUSED
    assert ask(path, good.replace(b'"call"', b'"image":"x","call"')) == REFUSED
    assert ask(path, good) == {"fault": "platform", "code": "no_such_container"}


def test_half_a_line_is_not_waited_for_for_long(remote, path):
    with connected(path) as end:
        end.sendall(b'{"call":')
        assert json.loads(end.recv(1000)) == REFUSED
        assert end.recv(1) == b""


def test_a_flood_keeps_nobody_out_for_long(remote, path):
    with contextlib.ExitStack() as stack:
        ends = [stack.enter_context(connected(path)) for _ in range(100)]
        # Those beyond the room are turned away at once, without having said a word.
        until(lambda: len(told(ends)) >= 100 - 64, 60, "those turned away")
        assert json.loads(told(ends)[0].recv(100))["code"] == "busy"
    until(lambda: remote_answers(remote), 60, "room again")


def told(ends):
    return select.select(ends, [], [], 0)[0]


def remote_answers(remote):
    with contextlib.suppress(PlatformFault):
        return remote.version() == "Twin Engine 1"
    return False


def test_waiting_clients_that_go_cost_nothing(remote, launcher, path, ready):
    with remote.folder(ready, *files(ready)):
        container = remote.create(ready)
        remote.start(container)
        waits = calls.encode(calls.Call(calls.WAIT, ready.run, 2, "joined"))
        before, waiting = threading.active_count(), launcher._waiting._waiting
        for _ in range(4):
            with connected(path) as end:
                end.sendall(waits)
        until(lambda: [len(all_) for all_ in waiting.values()] == [4], 60, "four that wait")
        assert ask(path, waits) == {"fault": "platform", "code": "busy"}
        assert threading.active_count() <= before + 17
        remote.remove(container)
    assert remote.version()


_AS = """
import os, socket, sys
os.setgroups([int(group) for group in sys.argv[3:] if group])
os.setgid(65533)
os.setuid(int(sys.argv[2]))
end = socket.socket(socket.AF_UNIX)
end.connect(sys.argv[1])
end.sendall(b'{"call":"version"}\\n')
print(end.recv(1000).decode().strip())
"""


def ask_as(path, uid, group=""):
    command = [sys.executable, "-c", _AS, str(path), str(uid), str(group)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def test_another_user_is_not_heard(remote, path, caplog):
    assert '"version"' in ask_as(path, NOBODY, NOBODY).stdout
    # The socket's mode keeps others out.
    assert "PermissionError" in ask_as(path, 65_533).stderr
    # And if it did not, or they were in the group: the kernel says who they are.
    said = ask_as(path, 65_533, NOBODY)
    path.chmod(0o666)
    for answer in (said, ask_as(path, 65_533)):
        assert "version" not in answer.stdout
    assert "refused a call of user 65533" in caplog.text
    assert '"version"' in ask_as(path, NOBODY).stdout


def test_the_socket_is_for_root_and_one_group(launcher, path):
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (0, NOBODY, 0o660)


def test_two_launchers_do_not_share_a_socket(launcher, path):
    with pytest.raises(Conflict, match="another launcher"), listening(path, 0):
        pass
    assert path.exists()


def test_a_socket_that_others_could_replace_is_refused(path):
    path.parent.chmod(0o777)
    with pytest.raises(Conflict, match="other users may write"), listening(path, 0):
        pass


def test_what_a_killed_launcher_left_is_no_hindrance(path):
    for name in (path, path.with_suffix(".new")):
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(name))
        left.close()
    with listening(path, 0):
        assert path.is_socket()
    assert not path.exists()
