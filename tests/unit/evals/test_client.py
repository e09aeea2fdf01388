"""The client's loop: speed, large messages, and what it does when a gateway misbehaves."""

import asyncio
import json
import multiprocessing
import socket
import threading
from pathlib import Path

import pytest

from evals import client, wire

REPLY = json.dumps(
    {"choices": [{"index": 0, "message": {"role": "assistant", "content": "A: 18"}}]}
).encode()
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length:%d\r\n\r\n%b" % (len(REPLY), REPLY)
QUESTION = [{"role": "user", "content": "How many eggs? " * 20}]


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def drive(path, task):
    """Run one coroutine through the loop and return its result or raise its error."""
    results = []

    async def keep():
        results.append(await task)

    client.drive(str(path), [keep()])
    return results[0]


def serve_fast(path: str, ready) -> None:
    class Conversation(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport, self.received = transport, b""

        def data_received(self, data):
            self.received += data
            head, found, body = self.received.partition(b"\r\n\r\n")
            if found and len(body) == int(head.rsplit(b"Content-Length: ", 1)[1]):
                self.received = b""
                self.transport.write(ANSWER)

    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(Conversation, path, backlog=512)
        ready.set()
        await server.serve_forever()

    asyncio.run(main())


def test_256_calls_in_flight_are_all_answered(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    path = str(tmp_path / "s")
    server = context.Process(target=serve_fast, args=(path, ready), daemon=True)
    server.start()
    assert ready.wait(30)
    count, answers = 2_000, []
    left = iter(range(count))

    async def ask():
        for _ in left:
            answer = await client.chat("target", QUESTION, {"temperature": 0})
            answers.append(answer)

    client.drive(path, (ask() for _ in range(256)))
    server.kill()
    server.join()
    assert answers == ["A: 18"] * count


class Scripted(threading.Thread):
    """Accepts connections one after another and plays one script on each."""

    def __init__(self, path, *scripts):
        super().__init__(daemon=True)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen(8)
        self.scripts = scripts
        self.requests = []
        self.start()

    def run(self):
        for script in self.scripts:
            connection, _ = self.server.accept()
            with connection:
                script(self, connection)
        self.server.close()

    def read(self, connection) -> bytes:
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65_536)
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.rsplit(b"Content-Length: ", 1)[1])
        while len(body) < length:
            body += connection.recv(65_536)
        self.requests.append(body)
        return body


def answering(*answers):
    def script(server, connection):
        for answer in answers:
            server.read(connection)
            connection.sendall(answer)

    return script


def silent(server, connection):
    server.read(connection)


def test_a_large_request_and_a_large_reply_pass_whole(tmp_path):
    text = "\u00e9" * 3_000_000
    body = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    server = Scripted(tmp_path / "s", answering(answer))
    question = [{"role": "user", "content": "x" * 5_000_000}]
    assert drive(tmp_path / "s", client.chat("target", question)) == text
    server.join(10)
    assert json.loads(server.requests[0])["messages"] == question


def test_an_idle_connection_closed_by_the_gateway_is_replaced_once(tmp_path):
    async def twice():
        return [await client.chat("target", QUESTION) for _ in range(2)]

    server = Scripted(tmp_path / "s", answering(ANSWER), answering(ANSWER))
    assert drive(tmp_path / "s", twice()) == ["A: 18", "A: 18"]
    server.join(10)
    assert len(server.requests) == 2


def test_a_second_loss_in_a_row_is_the_end(tmp_path):
    async def twice():
        return [await client.chat("target", QUESTION) for _ in range(2)]

    server = Scripted(tmp_path / "s", answering(ANSWER), silent)
    with pytest.raises(client.GatewayError):
        drive(tmp_path / "s", twice())
    server.join(10)


def test_nothing_is_sent_again_once_a_byte_of_the_reply_came(tmp_path):
    async def twice():
        return [await client.chat("target", QUESTION) for _ in range(2)]

    server = Scripted(tmp_path / "s", answering(ANSWER, ANSWER[:20]), answering(ANSWER))
    with pytest.raises(client.GatewayError):
        drive(tmp_path / "s", twice())
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"hello\r\n\r\n",
    ],
)
def test_a_reply_without_a_length_is_the_end(tmp_path, answer):
    server = Scripted(tmp_path / "s", answering(answer))
    with pytest.raises(client.GatewayError, match="cannot be read"):
        drive(tmp_path / "s", client.chat("target", QUESTION))
    server.join(10)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": "x", "refusal": None}, "x"),
        ({"content": None, "refusal": "No."}, "No."),
        ({"content": None}, ""),
    ],
)
def test_the_text_of_a_reply(tmp_path, message, text):
    body = json.dumps({"choices": [{"message": message}]}).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    server = Scripted(tmp_path / "s", answering(answer))
    assert drive(tmp_path / "s", client.chat("target", QUESTION)) == text
    server.join(10)


@pytest.mark.parametrize(("status", "code"), [(402, "denied"), (502, "failed"), (400, "failed")])
def test_a_refused_call_is_an_error_of_the_model(tmp_path, status, code):
    answer = b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n{}" % status
    server = Scripted(tmp_path / "s", answering(answer))
    with pytest.raises(client.ModelError, match=f"^{code}$"):
        drive(tmp_path / "s", client.chat("target", QUESTION))
    server.join(10)


def test_a_gateway_that_comes_late_is_awaited(tmp_path):
    started = threading.Event()
    results = []

    def ask():
        started.set()
        results.append(drive(tmp_path / "s", client.chat("target", QUESTION)))

    asker = threading.Thread(target=ask)
    asker.start()
    assert started.wait(10)
    server = Scripted(tmp_path / "s", answering(ANSWER))
    asker.join(20)
    assert results == ["A: 18"]
    server.join(10)


def test_a_gateway_that_never_comes_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(client, "_PATIENCE_S", 0.0)
    with pytest.raises(client.GatewayError, match="does not listen"):
        drive(tmp_path / "s", client.end(0))


def test_no_descriptor_stays_open(tmp_path):
    before = descriptors()
    server = Scripted(tmp_path / "s", answering(b"HTTP/1.1 409 X\r\nContent-Length: 0\r\n\r\n"))
    with pytest.raises(client.GatewayError, match="score was refused"):
        drive(tmp_path / "s", client.post_score(wire.ScoreRow("s", 0, {"a": 1})))
    server.join(10)
    assert descriptors() == before
