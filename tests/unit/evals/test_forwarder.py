"""The loopback port of the container: bytes in, bytes out, half-closes kept."""

import os
import socket
import socketserver
import threading
from pathlib import Path

import pytest

from evals import forwarder


class Echo(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    timeout = 20
    request_queue_size = 128


class EchoHandler(socketserver.BaseRequestHandler):
    """Reads to the end of what is sent, then says it back and how long it was."""

    def handle(self):
        received = bytearray()
        while chunk := self.request.recv(65_536):
            received += chunk
        self.request.sendall(received + b"/%d" % len(received))


class Pump:
    def __init__(self, path: str) -> None:
        self.listener = forwarder.listen(0)
        self.woken, self.wake = os.pipe()
        self.forwarder = forwarder.Forwarder(self.listener, path, self.woken)
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        while not self.forwarder.step(10):
            pass

    def connect(self) -> socket.socket:
        return socket.create_connection(self.listener.getsockname(), timeout=20)

    def stop(self) -> None:
        os.write(self.wake, b"x")
        self.thread.join()
        self.forwarder.close()
        self.listener.close()
        os.close(self.wake)
        os.close(self.woken)


@pytest.fixture
def pump(tmp_path):
    with Echo(str(tmp_path / "s"), EchoHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        started = Pump(str(tmp_path / "s"))
        yield started
        started.stop()
        server.shutdown()
        thread.join()


def read_all(connection: socket.socket) -> bytes:
    received = bytearray()
    while chunk := connection.recv(65_536):
        received += chunk
    return bytes(received)


def test_a_half_close_passes_and_the_answer_comes_back(pump):
    with pump.connect() as connection:
        connection.sendall(b"hello")
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == b"hello/5"


def test_much_more_than_any_buffer_passes_whole(pump):
    sent = os.urandom(8_000_000)
    with pump.connect() as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == sent + b"/8000000"


def test_many_at_once(pump):
    connections = [pump.connect() for _ in range(64)]
    for number, connection in enumerate(connections):
        connection.sendall(b"%d" % number * 1000)
        connection.shutdown(socket.SHUT_WR)
    for number, connection in enumerate(connections):
        with connection:
            assert read_all(connection).startswith(b"%d" % number * 1000)


def test_both_ends_are_closed_after_a_conversation(pump):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pump.connect() as connection:
            connection.shutdown(socket.SHUT_WR)
            assert read_all(connection) == b"/0"
    with pump.connect() as connection:  # by now the pump has closed what came before
        connection.shutdown(socket.SHUT_WR)
        read_all(connection)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 4


def test_who_comes_before_the_gateway_is_served_when_it_listens(tmp_path):
    started = Pump(str(tmp_path / "s"))
    with started.connect() as connection:
        connection.sendall(b"early")
        connection.shutdown(socket.SHUT_WR)
        with Echo(str(tmp_path / "s"), EchoHandler) as server:
            server.handle_request()
            assert read_all(connection) == b"early/5"
    started.stop()


def test_when_the_gateway_is_gone_a_connection_is_closed(tmp_path):
    Echo(str(tmp_path / "s"), EchoHandler).server_close()
    started = Pump(str(tmp_path / "s"))
    with started.connect() as connection:
        assert connection.recv(1) == b""
    started.stop()
