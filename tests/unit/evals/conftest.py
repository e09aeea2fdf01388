"""A small suite, and a small honest gateway that speaks the wire over a unix socket."""

import contextlib
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evals import wire
from harness.documents.authoring import compile_suite

SUITE_YAML = """\
schema: assay.suite/1
id: sums
version: "1.0.0"
licence: Apache-2.0
title: Sums
summary: Small sums, written by us.
kind: declarative
phases: joined
canary: 6d1f3a52-0d0e-4c55-9a3b-6f2f4d1f9f10
needs:
  roles: [target]
  requests_per_sample: 1
  tokens_in_per_sample: 100
  tokens_out_per_sample: 16
generation: {temperature: "0.5", max_tokens: 16}
template: "{prompt} End with `A: <number>`."
data:
  - file: samples.jsonl
fields: {id: id, prompt: prompt, target: answer, groups: {size: size}}
metrics:
  - id: correct
    score: {type: int, lo: 0, hi: 1}
    worst: 0
    scorer: {name: numeric, options: {after: "A:"}}
aggregates:
  - {id: accuracy, metric: correct, kind: proportion, unit: 5}
  - {id: accuracy_by_size, metric: correct, kind: proportion, unit: 5, groups: size}
primary: accuracy
public_samples: [sum-0, sum-1, sum-2]
"""


def rows(count: int) -> list[dict[str, str]]:
    return [
        {
            "id": f"sum-{n}",
            "prompt": f"What is {n} + {n}?",
            "answer": str(2 * n),
            "size": "small" if n % 2 else "large",
        }
        for n in range(count)
    ]


def jsonl(values: list[dict[str, str]]) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


@pytest.fixture
def author_files() -> dict[str, bytes]:
    return {"suite.yaml": SUITE_YAML.encode(), "samples.jsonl": jsonl(rows(40))}


@pytest.fixture
def suite_files(author_files) -> dict[str, bytes]:
    return compile_suite(author_files)


@pytest.fixture
def compiled(tmp_path) -> Callable[[dict[str, bytes]], str]:
    """Compile an author's files into a folder, as they lie before a runner."""

    def write(files: dict[str, bytes]) -> str:
        folder = tmp_path / "compiled"
        folder.mkdir()
        for name, content in compile_suite(files).items():
            (folder / name).write_bytes(content)
        return str(folder)

    return write


def answer_sums(body: dict) -> tuple[int, bytes]:
    numbers = [int(word) for word in body["messages"][-1]["content"].split() if word.isdigit()]
    return 200, chat_reply(f"They make {numbers[0] * 2}.\nA: {numbers[0] * 2}")


def chat_reply(text: str | None) -> bytes:
    message = {"role": "assistant", "content": text, "refusal": None}
    return json.dumps({"choices": [{"index": 0, "message": message}]}).encode()


class TinyGateway(socketserver.ThreadingUnixStreamServer):
    """Answers model calls with `answer`, keeps score rows, checks the end.

    `per_connection`: a connection is closed, without a word, after this many replies.
    """

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, path: Path) -> None:
        self.answer: Callable[[dict], tuple[int, bytes]] = answer_sums
        self.per_connection = 1_000_000
        self.announce_close = False
        self.calls: list[dict] = []
        self.rows: list[wire.ScoreRow] = []
        self.ended: int | None = None
        self.connections = 0
        super().__init__(str(path), _Conversation)

    def reply_to(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/v1/chat/completions":
            call = json.loads(body)
            self.calls.append(call)
            return self.answer(call)
        if path == wire.END_PATH:
            self.ended = wire.parse_end(body)
            return (204 if self.ended == len(self.rows) else 400), b""
        row = wire.parse_score(path.removeprefix(wire.SCORE_PREFIX), body)
        if any((row.sample_id, row.epoch) == old[:2] for old in self.rows):
            return 409, b""
        self.rows.append(row)
        return 204, b""


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.server.connections += 1
        with contextlib.suppress(ConnectionError):
            for turn in range(1, self.server.per_connection + 1):
                if not self._turn(last=turn == self.server.per_connection):
                    return

    def _turn(self, *, last: bool) -> bool:
        line = self.rfile.readline().decode()
        if not line:
            return False
        headers = {}
        while (header := self.rfile.readline().decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers["content-length"]))
        status, reply = self.server.reply_to(line.split(" ")[1], body)
        head = f"HTTP/1.1 {status} X\r\n"
        if status != 204:
            head += f"Content-Type: application/json\r\nContent-Length: {len(reply)}\r\n"
        if last and self.server.announce_close:
            head += "Connection: close\r\n"
        self.wfile.write(head.encode() + b"\r\n" + reply)
        return True


@pytest.fixture
def run_dir(tmp_path, suite_files) -> Path:
    """A run directory as the host makes it, but for the socket."""
    (tmp_path / "suite").mkdir()
    for name, content in suite_files.items():
        (tmp_path / "suite" / name).write_bytes(content)
    told = wire.RunFile("ab12", "joined", 8, 2, "seed", ("target",), {"temperature": "0.5"}, 60)
    (tmp_path / "run.json").write_bytes(wire.encode_run_file(told))
    return tmp_path


@pytest.fixture
def gateway(run_dir) -> Iterator[TinyGateway]:
    with TinyGateway(run_dir / "gateway.sock") as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
