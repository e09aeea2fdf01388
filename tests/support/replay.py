"""A replay server: recorded models behind the official Chat Completions format.

    python -m tests.support.replay

The first line of its standard input is `{"key": …, "models": {model: {prompt: reply}}}`; the first
line of its output is its address. It ends with its input, and so with whoever started it. A model
is asked for by path (`/<model>/v1/chat/completions`) or by the `model` field (`/v1/…`). What was
not recorded gets a 4xx and never an invented answer.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

_PATH = "/v1/chat/completions"
_STOP_S = 10
Models = dict[str, dict[str, str]]


class _Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@contextlib.contextmanager
def running(models: Models, key: str) -> Iterator[str]:
    """Run the server as a process of its own; its address without a path."""
    command = (sys.executable, "-m", "tests.support.replay")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(json.dumps({"key": key, "models": models}).encode() + b"\n")
        process.stdin.flush()
        yield process.stdout.readline().decode().strip()
        process.stdin.close()
        process.wait(_STOP_S)


def answer(key: str, models: Models, request: _Request) -> tuple[str, dict[str, Any]]:
    """Status line and body for one request."""
    named, found, rest = request.path.partition(_PATH)
    if not found or rest or request.method != "POST":
        return _error("404 Not Found", "not_found", "no such path")
    if request.headers.get("authorization") != f"Bearer {key}":
        return _error("401 Unauthorized", "invalid_api_key", "wrong key")
    try:
        body = json.loads(request.body)
        model = named.removeprefix("/") or body["model"]
        prompt = body["messages"][-1]["content"]
        streamed = body.get("stream", False)
    except (ValueError, LookupError, TypeError, AttributeError):
        return _error("400 Bad Request", "malformed", "not a chat completion request")
    return _recorded(models, model, prompt, streamed=streamed)


def _recorded(
    models: Models, model: str, prompt: str, *, streamed: bool
) -> tuple[str, dict[str, Any]]:
    if streamed:
        return _error("400 Bad Request", "unsupported", "this server does not stream")
    if model not in models:
        return _error("404 Not Found", "model_not_found", "no such model")
    if prompt not in models[model]:
        return _error("422 Unprocessable Entity", "not_recorded", "no recording of this prompt")
    return "200 OK", completion(model, prompt, models[model][prompt])


def completion(model: str, prompt: str, text: str) -> dict[str, Any]:
    """A whole reply; tokens are counted as words."""
    used = len(prompt.split()), len(text.split())
    return {
        "id": "chatcmpl-replay",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": used[0],
            "completion_tokens": used[1],
            "total_tokens": sum(used),
        },
    }


def _error(status: str, code: str, message: str) -> tuple[str, dict[str, Any]]:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return status, {"error": error}


async def _connection(
    key: str, models: Models, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    ends = (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError)
    with contextlib.suppress(*ends):
        while True:
            status, value = answer(key, models, await _read(reader))
            body = json.dumps(value).encode()
            head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()
    writer.close()


async def _read(reader: asyncio.StreamReader) -> _Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.strip().split("\r\n")
    method, path, _ = line.split(" ")
    headers = {name.lower(): value for name, _, value in (f.partition(": ") for f in fields)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return _Request(method, path, headers, body)


async def _serve() -> None:
    told = json.loads(sys.stdin.buffer.readline())
    talk = partial(_connection, told["key"], told["models"])
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    print(f"http://{host}:{port}", flush=True)  # noqa: T201 - this is how it is found
    await asyncio.to_thread(sys.stdin.buffer.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
