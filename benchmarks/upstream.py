"""A vendor that answers every chat completion after a fixed delay; runs as its own process.

It must never be what a benchmark measures, so it parses no JSON and sends constant bytes.
`GET /stats` tells how many completions were asked for and when the first arrived, on the
machine-wide monotonic clock in nanoseconds, and starts the count anew.
"""

import argparse
import asyncio
import json
import time
from typing import cast

import httptools
import uvloop

ANSWER = "Adding the two numbers gives the sum.\nA: 7"


def _reply(body: bytes) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
        + str(len(body)).encode()
        + b"\r\n\r\n"
        + body
    )


COMPLETION = _reply(
    json.dumps(
        {
            "id": "chatcmpl-0",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "mock",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": ANSWER, "refusal": None},
                    "finish_reason": "stop",
                    "logprobs": None,
                }
            ],
            "usage": {"prompt_tokens": 40, "completion_tokens": 12, "total_tokens": 52},
        }
    ).encode()
)


class Stats:
    """What one process has seen since it was last asked."""

    def __init__(self) -> None:
        self.requests = 0
        self.first_ns = 0

    def count(self) -> None:
        """Count one completion."""
        self.requests += 1
        self.first_ns = self.first_ns or time.monotonic_ns()

    def take(self) -> bytes:
        """Return the counts as JSON and reset them."""
        body = json.dumps({"requests": self.requests, "first_ns": self.first_ns}).encode()
        self.__init__()  # type: ignore[misc]
        return body


class Vendor(asyncio.Protocol):
    """One keep-alive connection; requests on it come one after the other."""

    def __init__(self, stats: Stats, delay: float) -> None:
        self._stats = stats
        self._delay = delay
        self._parser = httptools.HttpRequestParser(self)
        self._path = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where replies go."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls the hooks below."""
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """Remember what is asked."""
        self._path = url

    def on_message_complete(self) -> None:
        """Answer now or after the delay."""
        if self._path == b"/stats":
            self._transport.write(_reply(self._stats.take()))
            return
        self._stats.count()
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._send)
        else:
            self._send()

    def _send(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(COMPLETION)


async def serve(delay: float) -> None:
    """Listen on a free loopback port, print it, and serve until the process is ended."""
    stats = Stats()
    server = await asyncio.get_running_loop().create_server(
        lambda: Vendor(stats, delay), "127.0.0.1", 0, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Read the delay in seconds and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, required=True)
    uvloop.run(serve(parser.parse_args().delay))


if __name__ == "__main__":
    main()
