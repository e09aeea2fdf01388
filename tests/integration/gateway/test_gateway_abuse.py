"""What a hostile guest may try on the socket."""

import contextlib
import json
import os
import socket
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.integration.gateway.gateway_process import QUICK
from tests.integration.gateway.scripted_vendor import hang, normal, stream
from tests.support.waiting import until

SMALL = replace(
    QUICK,
    connections=8,
    head_bytes=2000,
    body_bytes=10_000,
    held_bytes=30_000,
    request_s=1,
    idle_s=1,
    write_s=1,
)
BODY = b'{"model":"target","messages":[{"role":"user","content":"x"}]}'
CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)


@pytest.fixture
def gateway(vendor, launch):
    gateway = launch(vendor.base_url, caps=SMALL)
    yield gateway
    assert gateway.process.poll() is None, gateway.process.stderr.read()
    until(lambda: answers(gateway), 20, "an answer to a question in good order")


def answers(gateway):
    asked = time.monotonic()
    with contextlib.suppress(ConnectionError):
        code, reply = gateway.chat("still there?")
        if code == 200:
            assert json.loads(reply)["choices"][0]["message"]["content"] == "four"
            return True
    # Its caps end a question that takes a busy machine too long, and no other.
    assert time.monotonic() - asked >= SMALL.request_s
    return False


def read_all(client):
    with contextlib.suppress(ConnectionResetError):
        return b"".join(iter(lambda: client.recv(65_536), b""))
    return b"reset"


def send(gateway, *pieces):
    """Everything that comes back on one connection, until the gateway ends it."""
    with gateway.connect() as client:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                client.sendall(piece)
        return read_all(client)


@pytest.mark.parametrize(
    "head",
    [
        b"POST /v1/chat/completions HTTP/1.1\r\nX: " + b"a" * 5000 + b"\r\n\r\n",
        b"POST /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 5000,
    ],
)
def test_a_header_beyond_its_cap_is_refused(gateway, head):
    assert send(gateway, head).startswith(b"HTTP/1.1 431")


def test_a_header_is_measured_across_its_pieces(gateway):
    head = b"GET /v1/models HTTP/1.1\r\nConnection: close\r\nX: " + b"a" * 1500 + b"\r\n\r\n"
    for cut in (len(head) - 1, len(head) - 2, len(head) - 3, 700):
        with gateway.connect() as client:
            client.sendall(head[:cut])
            time.sleep(0.01)
            client.sendall(head[cut:])
            assert read_all(client).startswith(b"HTTP/1.1 200"), cut


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 50000\r\n\r\n" + b" " * 50_000,
        b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1000\r\n"
        + b" " * 4096
        + b"\r\n1000\r\n"
        + b" " * 4096
        + b"\r\n1000\r\n"
        + b" " * 4096
        + b"\r\n",
    ],
)
def test_a_body_beyond_its_cap_is_refused(vendor, gateway, request_):
    assert send(gateway, request_).startswith(b"HTTP/1.1 413")
    assert vendor.seen == []


def test_all_bodies_together_are_capped(gateway):
    opened = [gateway.connect() for _ in range(4)]
    head = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 9500\r\n\r\n"
    for client in opened:
        client.sendall(head + b" " * 9000)
    answers = [read_all(client)[:12] for client in opened]
    for client in opened:
        client.close()
    assert answers.count(b"HTTP/1.1 503") == 1
    assert answers.count(b"HTTP/1.1 408") == 3


@pytest.mark.parametrize(
    "bad",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nA B: c\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"CONNECT vendor:443 HTTP/1.1\r\nHost: vendor\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(vendor, gateway, bad):
    assert send(gateway, bad)[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 505"}
    assert vendor.seen == []


def test_old_http_is_refused(gateway):
    assert send(gateway, b"GET /v1/models HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 505")


@pytest.mark.parametrize(
    "start",
    [b"", b"POST /v1/chat/comp", CHAT[:-5], b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"],
)
def test_a_slow_request_ends(gateway, start):
    started = time.monotonic()
    answer = send(gateway, start)
    assert time.monotonic() - started < 3
    assert answer[:12] == (b"HTTP/1.1 408" if start else b"")


def test_dripping_does_not_buy_time(gateway):
    started = time.monotonic()
    with gateway.connect() as client:
        with contextlib.suppress(OSError):
            for byte in CHAT:
                client.sendall(bytes([byte]))
                time.sleep(0.1)
        read_all(client)
    assert time.monotonic() - started < 3 < 0.1 * len(CHAT)


def test_pipelined_requests_are_not_worked_on(vendor, gateway):
    with gateway.connect() as client:
        client.sendall(CHAT * 5)
        answer = read_all(client)
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close" in answer
    assert len(vendor.seen) == 1


def test_bytes_that_come_too_early_end_the_connection_after_the_reply(vendor, gateway):
    async def slow(wire, seen):
        await wire.released.wait()
        await normal()(wire, seen)

    vendor.plays(slow)
    with gateway.connect() as client:
        client.sendall(CHAT)
        until(lambda: vendor.seen, 60, "the first call at the vendor")
        client.sendall(CHAT * 100)
        vendor.release()
        answer = read_all(client)
    assert answer.count(b"HTTP/1.1 200") <= 1  # or a reset, since it never read the rest
    assert len(vendor.seen) == 1


def test_one_connection_serves_request_after_request(vendor, gateway):
    with gateway.connect() as client:
        for _ in range(20):
            client.sendall(CHAT)
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65_536)
            assert head.startswith(b"HTTP/1.1 200")
    assert len(vendor.seen) == 20


def test_too_many_connections_are_turned_away(gateway):
    opened = [gateway.connect() for _ in range(12)]
    try:
        turned_away = 0
        for client in opened:
            client.settimeout(0.1)
            try:
                turned_away += client.recv(1) == b""
            except ConnectionResetError:
                turned_away += 1
            except TimeoutError:
                pass
        assert turned_away >= 4
    finally:
        for client in opened:
            client.close()


def test_a_guest_that_does_not_read_is_cut_off_and_the_vendor_held_back(vendor, launch):
    gateway = launch(vendor.base_url, caps=replace(QUICK, write_s=0.5, reply_bytes=50_000_000))
    vendor.default = stream("x" * 100_000)
    body = BODY[:-1] + b',"stream":true}'
    with gateway.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        until(lambda: vendor.closed, 60, "the call given up")
        assert vendor.closed == 1
    resident = Path(f"/proc/{gateway.process.pid}/statm").read_text().split()[1]
    assert int(resident) * os.sysconf("SC_PAGE_SIZE") < 100 * 1024 * 1024
    receipt = gateway.stop()
    assert (receipt["replies"], receipt["attempts"]) == (0, 1)


def test_a_slow_reader_gets_everything(vendor, launch):
    gateway = launch(vendor.base_url, caps=replace(QUICK, write_s=10))
    vendor.plays(stream("x" * 8000))
    body = BODY[:-1] + b',"stream":true}'
    with gateway.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        time.sleep(0.3)
        answer = read_all(client)
    assert answer.count(b'"content":"x"') == 8000
    assert answer.endswith(b"0\r\n\r\n")


def test_a_body_announced_with_expect_is_asked_for(gateway):
    head, body = CHAT.split(b"\r\n\r\n")
    with gateway.connect() as client:
        client.sendall(head + b"\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert read_all(client).startswith(b"HTTP/1.1 200")


def test_chunked_requests_work(vendor, gateway):
    head = b"POST /v1/chat/completions HTTP/1.1\r\nConnection: close\r\n"
    chunks = b"".join(b"5\r\n" + BODY[i : i + 5] + b"\r\n" for i in range(0, len(BODY) - 4, 5))
    rest = BODY[len(BODY) // 5 * 5 :]
    chunks += b"%x\r\n%b\r\n" % (len(rest), rest) if rest else b""
    answer = send(gateway, head + b"Transfer-Encoding: chunked\r\n\r\n", chunks + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert vendor.seen[0].body["messages"] == json.loads(BODY)["messages"]


def test_descriptors_are_not_taken(gateway):
    before = len(list(Path(f"/proc/{gateway.process.pid}/fd").iterdir()))
    with gateway.connect() as client, Path("/dev/null").open("rb") as passed:
        socket.send_fds(client, [CHAT], [passed.fileno()] * 5)
        assert client.recv(12) == b"HTTP/1.1 200"
        after = len(list(Path(f"/proc/{gateway.process.pid}/fd").iterdir()))
    assert after - before <= 2  # the guest's connection and the vendor's


def test_leaving_in_the_middle_frees_everything(vendor, gateway):
    before = _sockets(gateway)
    for cut in range(0, len(CHAT), 7):
        with gateway.connect() as client:
            client.sendall(CHAT[:cut])
    vendor.plays(*[hang] * 3)
    for number in range(3):
        with gateway.connect() as client:
            client.sendall(CHAT)
            until(lambda number=number: len(vendor.seen) > number, 60, "the call at the vendor")
    until(lambda: _sockets(gateway) <= before, 60, "every socket closed")
    assert _sockets(gateway) == before


def _sockets(gateway):
    return len(list(Path(f"/proc/{gateway.process.pid}/fd").iterdir()))


def mutated(random, data):
    """The bytes of a request, damaged in a few places."""
    made = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 5])):
        at = random.randrange(len(made) + 1)
        damage = random.randrange(5)
        if damage == 0:
            made[at : at + 1] = random.randbytes(1)
        elif damage == 1:
            made[at:at] = random.randbytes(random.randrange(1, 8))
        elif damage == 2:
            del made[at : at + random.randrange(1, 20)]
        elif damage == 3:
            made[at:at] = random.choice(FRAGMENTS)
        else:
            made += made[:at]
    return bytes(made)


FRAGMENTS = [
    b"\r\n",
    b"\r\n\r\n",
    b"Upgrade: x\r\nConnection: upgrade\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"0\r\n\r\n",
    b"\x00" * 10,
]


@pytest.mark.parametrize("seed", range(4))
def test_damaged_requests_never_stop_it(gateway, seed):
    random = Random(seed)  # noqa: S311 - damage must repeat itself
    for _ in range(100):
        data = mutated(random, CHAT)
        cut = random.randrange(len(data) + 1)
        with gateway.connect() as client, contextlib.suppress(OSError):
            client.sendall(data[:cut])
            client.sendall(data[cut:])
            if random.random() < 0.3:
                client.shutdown(socket.SHUT_WR)
            if random.random() < 0.3:
                client.settimeout(0.02)
                client.recv(65_536)
