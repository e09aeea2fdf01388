"""`assay serve`: its first start, what it refuses, how its processes live and end."""

import os
import signal
import socket
import stat
import threading
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.integration.worker.process_tree import alive, children, descendants, kill
from tests.support.waiting import until

# An upload that is read before anything else is looked at.
BUSY = (
    "POST /api/v1/suites HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 10\r\n"
    "content-type: multipart/form-data; boundary=x\r\n\r\n"
)


def ended(served, seconds=30):
    """How it ended by itself: exit status and what it said."""
    return served.process.wait(seconds), served.said


def test_a_first_start_makes_everything_and_says_where(serve, tmp_path):
    first = serve("--no-worker")
    first.wait_until_ready()
    data = tmp_path / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "keys" / "log.key").stat().st_mode) == 0o600
    assert first.address.startswith("http://127.0.0.1:")
    status, page = first.get(urlsplit(first.link).path)
    assert status == 200
    assert "Sign in as Operator" in page
    assert str(data) in first.said
    assert "Ctrl-C" in first.said
    assert first.ready() == {"database": True, "broker": True, "log": True}
    assert len(first.web()) == 1
    assert first.worker() == []
    assert first.stop() == 0
    # A link that nobody used is replaced, not repeated; keys stay.
    root = (data / "trust-root.json").read_bytes()
    second = serve("--no-worker")
    second.wait_until_ready()
    assert urlsplit(second.link).path != urlsplit(first.link).path
    assert (data / "trust-root.json").read_bytes() == root


def test_a_port_in_use_is_named_and_nothing_is_made(serve, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, said = ended(serve(ASSAY_LISTEN=f"127.0.0.1:{port}"))
    assert status == 2
    assert f"port {port} of 127.0.0.1 is in use" in said
    assert "ASSAY_LISTEN" in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ({"ASSAY_LISTEN": "0.0.0.0:0"}, "ASSAY_LISTEN"),
        ({"ASSAY_PUBLIC_URL": "http://assay.example"}, "ASSAY_PUBLIC_URL"),
    ],
)
def test_passwords_in_clear_text_are_refused(serve, tmp_path, environment, variable):
    status, said = ended(serve(**environment))
    assert status == 2
    assert said.startswith(f"settings {variable}: ")
    assert "clear text" in said
    assert not (tmp_path / "data").exists()


def test_an_address_of_another_machine(serve):
    status, said = ended(
        serve(ASSAY_LISTEN="192.0.2.1:8000", ASSAY_PUBLIC_URL="https://assay.example")
    )
    assert status == 2
    assert "192.0.2.1" in said


def test_a_named_database_is_not_made_in_passing(serve, tmp_path):
    status, said = ended(serve(ASSAY_DATABASE_URL=f"sqlite:///{tmp_path / 'other.sqlite3'}"))
    assert status == 1
    assert "assay db upgrade" in said
    assert not (tmp_path / "other.sqlite3").exists()


def test_processes_that_die_are_started_again(serve):
    served = serve(ASSAY_WEB_PROCESSES="2")
    served.wait_until_ready()
    until(lambda: children(served.worker()[0]), 60, "the worker's processes")
    web, worker = served.web(), served.worker()
    below = descendants(worker[0])
    assert len(web) == 2
    kill(web[0])
    kill(worker[0])
    # The other web process has the socket, too.
    assert served.get("/health/live")[0] == 200
    until(lambda: len(served.web()) == 2 and served.worker(), 60, "both started again")
    assert web[1] in served.web()
    assert web[0] not in served.web()
    assert served.worker() != worker
    until(lambda: not [pid for pid in below if alive(pid)], 60, "nothing left of the worker")
    assert "the web process died" in served.said
    assert "the worker process died" in served.said


@pytest.mark.parametrize("moment", ["starting", "ready"])
def test_all_end_with_a_supervisor_that_is_killed(serve, moment):
    served = serve()
    until(lambda: served.web() and served.worker(), 60, "processes")
    if moment == "ready":
        served.wait_until_ready()
        until(lambda: children(served.worker()[0]), 60, "the worker's processes")
    below = descendants(served.pid)
    kill(served.pid)
    until(lambda: not [pid for pid in below if alive(pid)], 60, "every process gone")


def test_a_request_under_way_is_finished(serve):
    served = serve()
    served.wait_until_ready()
    where = urlsplit(served.address)
    below = descendants(served.pid)
    with closing(socket.create_connection((where.hostname, where.port), 20)) as stream:
        stream.sendall(BUSY.encode())
        # The one web process has begun with it when it answers whoever came later.
        assert served.get("/health/live")[0] == 200
        status = []
        stopping = threading.Thread(target=lambda: status.append(served.stop()))
        stopping.start()
        until(lambda: served.get("/health/live")[0] == 0, 60, "no new request taken")
        web = served.web()
        assert alive(web[0])
        stream.sendall(b"0123456789")
        assert stream.recv(12).startswith(b"HTTP/1.1 ")
        stopping.join(30)
    assert status == [0]
    assert not [pid for pid in below if alive(pid)]


def test_what_does_not_end_is_ended_by_force(serve):
    served = serve("--no-worker")
    served.wait_until_ready()
    web = served.web()[0]
    # A process that is stopped hears no SIGTERM; whoever asks twice does not want to wait.
    os.kill(web, signal.SIGSTOP)
    served.process.terminate()
    until(lambda: served.get("/health/live", 3)[0] == 0, 60, "nobody let in any more")
    assert served.process.poll() is None
    served.process.terminate()
    assert served.process.wait(30) == 0
    assert not alive(web)
