"""`assay serve` as an operator starts it, asked over real HTTP."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.integration.worker.process_tree import children, command, descendants, kill
from tests.support.waiting import until

_START_S, _STOP_S = 90, 40
_KEPT = ("PATH", "DOCKER_HOST", "HOME")


class Served:
    """One running `assay serve`; `said` is what it printed so far."""

    program = (sys.executable, "-m", "harness.cli.main", "serve")

    def __init__(self, log: Path, data_dir: Path, *words: str, **environment: str) -> None:
        self.log = log
        self.data_dir = data_dir
        told = {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "ASSAY_DATA_DIR": str(data_dir),
            "ASSAY_LISTEN": "127.0.0.1:0",
            "ASSAY_SWEEP_S": "1",
            **environment,
        }
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                (*self.program, *words),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=told,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def address(self) -> str:
        """Where it is, once it has said so."""

        def look() -> str:
            assert self.process.poll() is None, self.said
            found = re.search(r"^(?:Assay \S+ at|  address) +(\S+)$", self.said, re.MULTILINE)
            return found[1] if found else ""

        return until(look, _START_S, "an address")

    @property
    def link(self) -> str:
        """The operator's one-time link."""
        return re.search(r"sign in +(\S+)", self.said)[1]

    def get(self, path: str, seconds: float = 10) -> tuple[int, str]:
        """Status and text of one request; status 0 when nobody answers."""
        return get(self.address, path, seconds)

    def post(self, path: str) -> tuple[int, str]:
        """Status of an empty form, and the cookie that it gave."""
        where = urlsplit(self.address)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
        try:
            headers = {"content-type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, "", headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("set-cookie", "")
        finally:
            connection.close()

    def ready(self) -> dict:
        """What `/health/ready` says of each part."""
        status, text = self.get("/health/ready")
        return json.loads(text)["checks"] if status in {200, 503} else {}

    def wait_until_ready(self) -> None:
        until(lambda: self.get("/health/ready")[0] == 200, _START_S, "the web ready")

    def web(self) -> list[int]:
        """The web processes."""
        return [pid for pid in children(self.pid) if "web.main" in command(pid)]

    def worker(self) -> list[int]:
        """The worker's main process."""
        return [pid for pid in children(self.pid) if "harness.worker" in command(pid)]

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Stop it as an operator does; its exit status."""
        self.process.send_signal(with_signal)
        return self.process.wait(_STOP_S)

    def close(self) -> None:
        """End it and everything below it, whatever state it is in."""
        below = descendants(self.pid)
        self.process.kill()
        self.process.wait()
        for pid in below:
            kill(pid)


def get(address: str, path: str, seconds: float = 10) -> tuple[int, str]:
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()
