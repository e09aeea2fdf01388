"""Processes that a benchmark needs beside itself, always ended with it."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Upstream:
    """The mock vendor while it runs."""

    port: int

    @property
    def base_url(self) -> str:
        """Where its API begins."""
        return f"http://127.0.0.1:{self.port}/v1"

    def stats(self) -> tuple[int, int]:
        """Completions asked for since the last call, and when the first arrived (ns)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/stats")
            found = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return found["requests"], found["first_ns"]


@contextmanager
def upstream(delay: float) -> Iterator[Upstream]:
    """Run the mock vendor, which replies after `delay` seconds."""
    command = [sys.executable, "-m", "benchmarks.upstream", "--delay", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Upstream(int(process.stdout.readline()))
        finally:
            process.terminate()


def run_module(module: str, *arguments: str) -> tuple[float, dict[str, float]]:
    """Run a module that prints one JSON object; return its wall seconds and the object."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    )
    return time.perf_counter() - began, json.loads(done.stdout)
