"""P7: what the sandbox adds to a container's life, and to the first model call.

The raw side sends the same create request, byte for byte, over the engine's socket, and does
nothing else: no comparison of what the engine made, no look at how it ended.
"""

import http.client
import json
import os
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import sessions
from benchmarks.children import upstream
from benchmarks.figures import Figure, Goal, Options, Turns, median, take_turns
from sandbox.container.docker import DockerRuntime
from sandbox.container.hardening import create_body
from sandbox.spec import ContainerSpec

_TURNS_PER_ROUND = 4
_SOCKET = "/var/run/docker.sock"
_COMMAND = ("/usr/bin/python3", "-I", "-S", "-c", "pass")
_SAMPLES = 8


class _Engine(http.client.HTTPConnection):
    """The Engine API over its unix socket, with nothing in between."""

    def __init__(self) -> None:
        super().__init__("engine", timeout=60)

    def connect(self) -> None:
        """Connect to the engine's socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(os.environ.get("DOCKER_HOST", _SOCKET).removeprefix("unix://"))

    def call(self, method: str, path: str, body: object = None) -> bytes:
        """Send one call. Raises RuntimeError unless it succeeded."""
        encoded = None if body is None else json.dumps(body)
        self.request(method, path, encoded, {"Content-Type": "application/json"})
        reply = self.getresponse()
        content = reply.read()
        if reply.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"the engine answered {reply.status} to {method}")
        return content


def measure(options: Options) -> Sequence[Figure]:
    """Measure a container's life, then the way to the first model call."""
    image = sessions.image(options.say)
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        Path(folder).chmod(0o755)
        life = _life(image, Path(folder), options)
    return [life, _first_call(image, options)]


def _spec(image: str, folder: Path) -> ContainerSpec:
    return ContainerSpec(
        run=secrets.token_hex(4),
        attempt=1,
        owner=sessions.OWNER,
        image=image,
        slot=0,
        run_dir=folder,
        deadline=time.time() + 60,
        command=_COMMAND,
    )


def _life(image: str, folder: Path, options: Options) -> Figure:
    runtime, raw = DockerRuntime(), _Engine()

    def ours() -> float:
        spec = _spec(image, folder)
        began = time.perf_counter()
        container = runtime.create(spec)
        runtime.start(container)
        state = runtime.wait(container)
        runtime.remove(container)
        wall = time.perf_counter() - began
        if state.exit_code != 0:
            raise RuntimeError(f"the container exited with {state.exit_code}")
        return wall

    def peer() -> float:
        spec = _spec(image, folder)
        body = create_body(spec)
        began = time.perf_counter()
        made = json.loads(raw.call("POST", f"/containers/create?name={spec.name}", body))
        path = f"/containers/{made['Id']}"
        raw.call("POST", f"{path}/start")
        raw.call("POST", f"{path}/wait")
        raw.call("DELETE", f"{path}?force=1&v=1")
        return time.perf_counter() - began

    options.say("P7: container lives")
    turns = take_turns(ours, peer, options.rounds * _TURNS_PER_ROUND, warm_up=2)
    return _judged(
        "create, start, wait, remove, checked, over the raw Engine API", turns, Goal(1.10)
    )


def _first_call(image: str, options: Options) -> Figure:
    bare = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "/usr/bin/python3"]
    with upstream(0) as vendor:

        def ours() -> float:
            spec = sessions.spec_of(image, vendor.base_url, _SAMPLES, 1)
            began = time.monotonic_ns()
            sessions.run(spec)
            asked, first = vendor.stats()
            if asked != _SAMPLES:
                raise RuntimeError(f"asked {asked} of {_SAMPLES} times")
            return (first - began) / 1e9

        def peer() -> float:
            began = time.perf_counter()
            with subprocess.Popen(
                [*bare, image, "-c", "print(1, flush=True)"], stdout=subprocess.PIPE
            ) as process:
                assert process.stdout is not None
                process.stdout.readline()
                return time.perf_counter() - began

        options.say("P7: first model calls")
        turns = take_turns(ours, peer, options.rounds * _TURNS_PER_ROUND, warm_up=2)
    return _judged(
        "session to its first model call over docker run to first output", turns, Goal(1.2)
    )


def _judged(what: str, turns: Turns, goal: Goal) -> Figure:
    return Figure(
        what=what,
        unit="ms",
        ours=median(turns.ours) * 1000,
        peer=median(turns.peer) * 1000,
        bound=None,
        judged=turns.ratio,
        goal=goal,
        rounds=len(turns.ours),
    )
