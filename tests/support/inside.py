"""Programs that run in a real container of the run spec, and whoever answers them on its socket."""

import json
import os
import secrets
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from sandbox.container.rundir import SOCKET, run_dir
from sandbox.spec import ContainerSpec, HostIds, host_ids

_PRELUDE = """
import json, os, sys, traceback, urllib.request
sys.path.append("/assay")
def say(**facts):
    said = urllib.request.Request("http://127.0.0.1:8080/said", json.dumps(facts).encode())
    urllib.request.urlopen(said).read()
def work():
    exec(compile(open("/assay/program.py").read(), "program.py", "exec"), globals())
"""
_TALKATIVE = """
try:
    work()
except BaseException:
    say(failed=traceback.format_exc())
    raise
"""


@dataclass
class Run:
    """A program's run: its exit status, what it said, what it asked of a model."""

    exit_code: int = -1
    said: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where a container is about to run."""

    spec: ContainerSpec
    ids: HostIds
    socket: Path


def run(runtime, image: str, owner: str, program: str, **changes) -> Run:
    """Run a program to its end beside a model that says `four`; it hands facts over by `say`."""
    seen = Run()
    with ExitStack() as stack:
        place = stack.enter_context(prepared(runtime, image, owner, program, **changes))
        stack.enter_context(_model(place, seen))
        seen.exit_code = carry_out(runtime, place, _PRELUDE + _TALKATIVE)
    assert "failed" not in seen.said, seen.said["failed"]
    return seen


@contextmanager
def prepared(
    runtime, image: str, owner: str, program: str, *, files=None, **changes
) -> Iterator[Place]:
    """A run directory with a program in it; nobody listens on its socket yet."""
    with tempfile.TemporaryDirectory(prefix="assay-t-") as name:
        root = Path(name)
        root.chmod(0o711)
        draft = ContainerSpec(
            run=f"inside-{secrets.token_hex(6)}",
            attempt=1,
            owner=owner,
            image=image,
            slot=43_000 + secrets.randbelow(400),
            run_dir=root,
            deadline=time.time() + 240,
        )
        draft = replace(draft, **changes)
        ids = host_ids(runtime.id_offset(), draft.uid, draft.runtime)
        inside = {"program.py": program.encode(), **(files or {})}
        with run_dir(root, ids.group, inside, ids.owner) as directory:
            yield Place(replace(draft, run_dir=directory), ids, directory / SOCKET)


def carry_out(runtime, place: Place, code: str = _PRELUDE + "work()\n") -> int:
    """Run the container to its end; its exit status."""
    spec = replace(place.spec, command=("/usr/bin/python3", "-c", code))
    container = runtime.create(spec)
    # A program that hangs ends with 137, and its test fails.
    watch = threading.Timer(spec.deadline - time.time(), runtime.kill, (container,))
    watch.start()
    try:
        runtime.start(container)
        return runtime.wait(container).exit_code
    finally:
        watch.cancel()
        runtime.remove(container)


@contextmanager
def _model(place: Place, seen: Run) -> Iterator[None]:
    with _Server(str(place.socket), _handler(seen)) as server:
        os.chown(place.socket, place.ids.owner, place.ids.group)
        place.socket.chmod(0o660)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join(30)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


def _handler(seen: Run) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path == "/said":
                seen.said |= body
                self._answer("application/json", b"{}")
                return
            seen.asked.append((self.path, body))
            if self.path not in _SPEAKS:
                self._answer("application/json", b"{}", 404)
                return
            reply, events = _SPEAKS[self.path]
            if body.get("stream"):
                self._answer("text/event-stream", b"".join(events()))
            else:
                self._answer("application/json", json.dumps(reply()).encode())

        def _answer(self, kind: str, body: bytes, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args) -> None:
            """Say nothing."""

    return Handler


_USAGE = {"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8}


def _chat(**choice) -> dict[str, Any]:
    kind = "chat.completion.chunk" if "delta" in choice else "chat.completion"
    return {
        "id": "c1",
        "object": kind,
        "created": 1,
        "model": "target",
        "choices": [{"index": 0, "finish_reason": None, **choice}],
    }


def _chat_reply() -> dict[str, Any]:
    message = {"role": "assistant", "content": "four"}
    return {**_chat(message=message, finish_reason="stop"), "usage": _USAGE}


def _chat_events() -> Iterator[bytes]:
    for letter in "four":
        yield f"data: {json.dumps(_chat(delta={'content': letter}))}\n\n".encode()
    yield f"data: {json.dumps(_chat(delta={}, finish_reason='stop'))}\n\n".encode()
    yield b"data: [DONE]\n\n"


def _message(**changes) -> dict[str, Any]:
    return {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "target",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 1},
        **changes,
    }


def _message_reply() -> dict[str, Any]:
    return _message(content=[{"type": "text", "text": "four"}], stop_reason="end_turn")


def _message_events() -> Iterator[bytes]:
    def event(kind: str, **fields) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()

    yield event("message_start", message=_message())
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for letter in "four":
        delta = {"type": "text_delta", "text": letter}
        yield event("content_block_delta", index=0, delta=delta)
    yield event("content_block_stop", index=0)
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    yield event("message_delta", delta=stop, usage={"output_tokens": 1})
    yield event("message_stop")


_SPEAKS: dict[str, tuple[Callable[[], dict[str, Any]], Callable[[], Iterator[bytes]]]] = {
    "/v1/chat/completions": (_chat_reply, _chat_events),
    "/v1/messages": (_message_reply, _message_events),
}
