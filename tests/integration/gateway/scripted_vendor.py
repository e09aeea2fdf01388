"""A vendor that does as it is told: a real HTTP server on loopback, in a thread of its own.

Each request takes the next step of the script; when the script is over, every request gets
`normal()`. A step is a coroutine function of the connection and the parsed request.
"""

import asyncio
import contextlib
import json
import ssl
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass
class Seen:
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: dict
    raw: bytes


@dataclass
class Wire:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    released: asyncio.Event
    keep: bool = True

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def respond(self, status: str, body: bytes, headers: tuple[str, ...] = ()) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


Step = Callable[[Wire, Seen], Awaitable[None]]


def completion(text="four", *, prompt_tokens=7, completion_tokens=3, usage=True, **more) -> bytes:
    reply = {
        "id": "chatcmpl-vendor-id",
        "object": "chat.completion",
        "created": 1,
        "model": "vendor-model-1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
    }
    if usage:
        reply["usage"] = {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        }
    return json.dumps({**reply, **more}).encode()


def normal(text="four", **more) -> Step:
    async def step(wire, seen):
        if seen.body.get("stream"):
            await stream(text)(wire, seen)
        else:
            await wire.respond("200 OK", completion(text, **more))

    return step


def status(line: str, *headers: str, body: bytes = b"{}") -> Step:
    async def step(wire, seen):
        await wire.respond(line, body, headers)

    return step


def reflect(line: str) -> Step:
    """An error whose status line, headers and body carry the whole request."""

    async def step(wire, seen):
        text = json.dumps(seen.body)
        body = json.dumps({"error": {"message": text, "code": text}}).encode()
        await wire.respond(line, body, (f"X-Echo: {text}", f"X-Key: {seen.headers}"))

    return step


def raw_body(body: bytes, *headers: str) -> Step:
    async def step(wire, seen):
        await wire.respond("200 OK", body, headers)

    return step


def event(delta: dict, finish=None, **more) -> bytes:
    chunk = {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "vendor-model-1",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps({**chunk, **more}).encode() + b"\n\n"


USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
USAGE_EVENT = b"data: " + json.dumps({"choices": [], "usage": USAGE}).encode() + b"\n\n"
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream(
    text="four", *, usage=True, done=True, cut_after=None, extra=b"", wait_after=None
) -> Step:
    """Stream a reply letter by letter.

    After `cut_after` events the connection ends; after `wait_after` it waits to be released.
    `extra` goes before the event that ends the reply.
    """

    async def step(wire, seen):
        await wire.send(STREAM_HEAD)
        events = [event({"role": "assistant", "content": ""})]
        events += [event({"content": letter}) for letter in text]
        events.append(extra + event({}, "stop"))
        if usage:
            events.append(USAGE_EVENT)
        if done:
            events.append(b"data: [DONE]\n\n")
        for number, data in enumerate(events[:cut_after]):
            if number == wait_after:
                await wire.released.wait()
            await wire.send(chunk(data))
            await asyncio.sleep(0)
        if cut_after is not None:
            wire.keep = False
            return
        await wire.send(b"0\r\n\r\n")

    return step


async def hang(wire, seen):
    await wire.released.wait()
    wire.keep = False


async def close_at_once(wire, seen):
    wire.keep = False


def cut_body(body: bytes) -> Step:
    """Promise more than is sent."""

    async def step(wire, seen):
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) + 10) + body)
        wire.keep = False

    return step


async def no_http(wire, seen):
    await wire.send(b"SSH-2.0-OpenSSH_9.2\r\n")
    wire.keep = False


async def old_http(wire, seen):
    """An HTTP/1.0 reply without a length: the body ends with the connection."""
    await wire.send(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + completion())
    wire.keep = False


def huge(size: int) -> Step:
    async def step(wire, seen):
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        with contextlib.suppress(ConnectionError):
            for _ in range(size // 65_536):
                await wire.send(b" " * 65_536)
        wire.keep = False

    return step


@dataclass
class ScriptedVendor:
    tls: ssl.SSLContext | None = None
    seen: list[Seen] = field(default_factory=list)
    script: deque = field(default_factory=deque)
    default: Step = field(default_factory=normal)
    connections: int = 0
    closed: int = 0
    in_flight: int = 0
    most_in_flight: int = 0

    def __post_init__(self):
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(30)

    @property
    def base_url(self) -> str:
        scheme, host = ("https", "localhost") if self.tls else ("http", "127.0.0.1")
        return f"{scheme}://{host}:{self.port}/v1"

    def plays(self, *steps: Step) -> None:
        self.script.extend(steps)

    def release(self) -> None:
        """Let those that hang go."""
        self._loop.call_soon_threadsafe(self._released.set)

    def hold(self) -> None:
        """Let whoever asks from now on hang again."""
        self._loop.call_soon_threadsafe(self._released.clear)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _run(self, ready: threading.Event) -> None:
        self._loop.run_until_complete(self._serve(ready))
        self._loop.close()

    async def _serve(self, ready: threading.Event) -> None:
        self._released, self._stopping = asyncio.Event(), asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stopping.wait()
        server.close()
        # Also those that have just been accepted and have not said a word yet.
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # for the transports to take leave

    def _connected(self, reader, writer) -> Awaitable[None]:
        # At once, since a task that is cancelled before its first step closes nothing.
        self.connections += 1
        self._writers.append(writer)
        return self._talk(reader, writer)

    async def _talk(self, reader, writer) -> None:
        wire = Wire(reader, writer, self._released)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while wire.keep:
                    await self._request(wire)
        finally:
            self.closed += 1
            writer.close()

    async def _request(self, wire: Wire) -> None:
        head = await wire.reader.readuntil(b"\r\n\r\n")
        line, *fields = head.decode().strip().split("\r\n")
        headers = {k.lower(): v for k, _, v in (f.partition(": ") for f in fields)}
        body = await wire.reader.readexactly(int(headers["content-length"]))
        seen = Seen(line, headers, json.loads(body), head + body)
        self.seen.append(seen)
        step = self.script.popleft() if self.script else self.default
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await step(wire, seen)
        finally:
            self.in_flight -= 1
