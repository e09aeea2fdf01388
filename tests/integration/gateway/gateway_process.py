"""The real gateway process with real pipes, and a plain client for its socket."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from sandbox.gateway import grant as grants
from sandbox.gateway.caps import Caps
from sandbox.spec import Budget, Exact, ModelEndpoint, ModelGrant, Price, ScoreField, ScoreSchema

SECRET = "sk-live-5f1c0ffee5f1c0ffee"
PROTOCOL = "sha256:" + "ab" * 32
BUDGET = Budget(
    requests=1000, tokens_in=10_000_000, tokens_out=1_000_000, cost_microusd=10**9, concurrency=8
)
SCHEMA = ScoreSchema(
    sample_ids=("s0", "s1"), epochs=2, fields=(ScoreField("correct", 0, 1), ScoreField("n", -5, 5))
)
QUICK = Caps(backoff_s=0.01, backoff_cap_s=0.05, sweep_s=0.02, linger_s=0.2, progress_s=0.05)


def make_grant(base_url: str, **changes) -> ModelGrant:
    base = ModelGrant(
        protocol_digest=PROTOCOL,
        run="r1",
        run_start_index=4,
        checkpoint_digest="sha256:" + "cd" * 32,
        endpoints=(ModelEndpoint("target", base_url, "vendor-model-1"),),
        parameters={"temperature": Exact("0"), "max_tokens": Exact(16)},
        budget=BUDGET,
        price=Price(1_000_000, 2_000_000),
        request_timeout_s=5,
        retries=2,
        not_before=time.time() - 10,
        not_after=time.time() + 600,
        score_schema=SCHEMA,
    )
    return replace(base, **changes)


@dataclass
class Gateway:
    process: subprocess.Popen
    socket: str
    control: int
    events: list[dict] = field(default_factory=list)
    raw: bytes = b""

    def __post_init__(self):
        self._news = threading.Condition()
        self._eof = False

    def _drain(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb") as pipe:
            for line in pipe:
                with self._news:
                    self.raw += line
                    self.events.append(json.loads(line))
                    self._news.notify_all()
        with self._news:
            self._eof = True
            self._news.notify_all()

    def names(self) -> list[str]:
        """All that it told, in order. It has ended or is about to: whatever it told is here."""
        with self._news:
            assert self._news.wait_for(lambda: self._eof, 30), "it still runs"
            return [e["event"] for e in self.events if e["event"] != "progress"]

    def wait_for(self, name: str, timeout: float = 30) -> dict:
        with self._news:
            assert self._news.wait_for(lambda: self._find(name) or self._eof, timeout), name
            found = self._find(name)
        if found is None:
            self.process.kill()
            raise AssertionError(f"no {name}: {self.events} {self.process.stderr.read()!r}")
        return found

    def _find(self, name: str):
        return next((e for e in self.events if e["event"] == name), None)

    def say(self, data: bytes) -> None:
        os.write(self.control, data)

    def hang_up(self) -> None:
        """Close the control pipe, as the death of the session would."""
        if self.control >= 0:
            os.close(self.control)
            self.control = -1

    def stop(self) -> dict:
        """Stop the process and return the receipt."""
        self.say(b"S")
        assert self.process.wait(30) == 0
        return self.wait_for("receipt")["receipt"]

    def connect(self, timeout: float = 30) -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(timeout)
        client.connect(self.socket)
        return client

    def send_chat(self, client: socket.socket) -> None:
        """Ask on an open connection, whose reply is somebody else's matter."""
        body = b'{"model":"target","messages":[{"role":"user","content":"x"}]}'
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n\r\n"
        client.sendall(head % len(body) + body)

    def request(self, method, path, body=b"", *, headers=None, timeout=30):
        """Return status, headers and body of one exchange on a connection of its own."""
        connection = _UnixConnection(self.socket, timeout)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            return reply.status, dict(reply.headers), reply.read()
        finally:
            connection.close()

    def chat(self, content="2+2?", *, timeout=30, **fields):
        body = {"model": "target", "messages": [{"role": "user", "content": content}], **fields}
        code, _, reply = self.request(
            "POST", "/v1/chat/completions", json.dumps(body).encode(), timeout=timeout
        )
        return code, reply

    def ask(self, content="2+2?", **fields) -> str:
        code, reply = self.chat(content, **fields)
        assert code == 200, reply
        return json.loads(reply)["choices"][0]["message"]["content"]

    def score(self, sample="s0", epoch=0, body=None, **values):
        body = body or json.dumps({"epoch": epoch, "values": values or {"correct": 1, "n": 0}})
        return self.request("POST", f"/assay/v1/scores/{sample}", body.encode())[0]

    def end(self, rows: int):
        return self.request("POST", "/assay/v1/end", json.dumps({"rows": rows}).encode())[0]


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("gateway", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def start(order: grants.Order, environment: dict[str, str]) -> Gateway:
    """Start the process as a session does: secrets over a pipe, descriptors by number."""
    grant_read, grant_write = os.pipe()
    events_read, events_write = os.pipe()
    control_read, control_write = os.pipe()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "sandbox.gateway"),
            *("--grant-fd", str(grant_read)),
            *("--events-fd", str(events_write)),
            *("--control-fd", str(control_read)),
        ],
        pass_fds=(grant_read, events_write, control_read),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd()), **environment},
    )
    for descriptor in (grant_read, events_write, control_read):
        os.close(descriptor)
    gateway = Gateway(process, order.socket, control_write)
    threading.Thread(target=gateway._drain, args=(events_read,), daemon=True).start()
    with os.fdopen(grant_write, "wb") as pipe:
        pipe.write(grants.encode(order))
    return gateway


def end(gateway: Gateway) -> None:
    """Leave nothing of it behind, whether it still runs or not."""
    if gateway.process.poll() is None:
        gateway.process.kill()
    gateway.process.wait(30)
    gateway.process.stderr.close()
    gateway.hang_up()


class Launcher:
    """Starts gateways and leaves nothing behind."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gw"))
        self._started: list[Gateway] = []

    def __call__(
        self,
        base_url: str,
        *,
        caps=QUICK,
        credentials=None,
        environment=None,
        listening=True,
        uid=grants.ANY_UID,
        await_ack=False,
        phase="joined",
        outputs=(),
        **changes,
    ) -> Gateway:
        made = make_grant(base_url, **changes)
        if phase == "score":
            made = replace(made, endpoints=())
        order = grants.Order(
            grant=made,
            credentials=credentials or {e.role: SECRET for e in made.endpoints},
            phase=phase,
            outputs=outputs,
            socket=str(self.folder / f"{len(self._started)}.sock"),
            uid=uid,
            **({} if uid == grants.ANY_UID else {"owner": 0, "group": uid}),
            await_ack=await_ack,
            caps=caps,
        )
        gateway = start(order, environment or {})
        self._started.append(gateway)
        if listening:
            gateway.wait_for("listening")
        return gateway

    def close(self) -> None:
        for gateway in self._started:
            end(gateway)
        shutil.rmtree(self.folder)
