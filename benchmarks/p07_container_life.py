"""P7: what the sandbox adds to a container's life, and to the first model call.

The raw side sends the same create request, byte for byte, over the engine's socket, and does
nothing else: no comparison of what the engine made, no look at how it ended. The plain side is
`docker run` of the same image, as anybody would type it.
"""

import http.client
import json
import os
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import sessions
from benchmarks.children import Upstream, upstream
from benchmarks.figures import Figure, Goal, Options, Turns, median, percentile_95, take_turns
from benchmarks.p07_claim import claims
from sandbox.container.docker import DockerRuntime
from sandbox.container.hardening import create_body
from sandbox.spec import ContainerSpec

_TURNS_PER_ROUND = 4
_SOCKET = "/var/run/docker.sock"
_PYTHON, _FLAGS = "/usr/bin/python3", ("-I", "-S", "-c")
_COMMAND = (_PYTHON, *_FLAGS, "pass")
_GOAL = Goal(1.2)
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
        lives = _lives(image, Path(folder), options)
    with upstream(0) as vendor:
        options.say("P7: first model calls")
        session = _turns(lambda: _session(image, vendor), lambda: _plain_output(image), options)
        options.say("P7: claims")
        with claims(image, vendor) as claim:
            claimed = _turns(claim, lambda: _plain_output(image), options)
    return [
        *lives,
        _judged("session to its first model call over docker run to first output", session),
        _judged("claim of a run to its first model call over the same, median", claimed),
        _worst("the same, 95th percentile", claimed),
    ]


def _turns(ours: Callable[[], float], peer: Callable[[], float], options: Options) -> Turns:
    return take_turns(ours, peer, options.rounds * _TURNS_PER_ROUND, warm_up=2)


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


def _lives(image: str, folder: Path, options: Options) -> list[Figure]:
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
    life = "create, start, wait, remove, checked, over"
    return [
        _judged(f"{life} the raw Engine API", _turns(ours, peer, options), Goal(1.10)),
        _judged(f"{life} docker run --rm", _turns(ours, lambda: _plain_life(image), options)),
    ]


def _plain(image: str, code: str) -> list[str]:
    options = ("--rm", "--network", "none", "--entrypoint", _PYTHON)
    return ["docker", "run", *options, image, *_FLAGS, code]


def _plain_life(image: str) -> float:
    began = time.perf_counter()
    subprocess.run(_plain(image, "pass"), check=True, stdin=subprocess.DEVNULL)
    return time.perf_counter() - began


def _plain_output(image: str) -> float:
    began = time.perf_counter()
    with subprocess.Popen(_plain(image, "print(1, flush=True)"), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return time.perf_counter() - began


def _session(image: str, vendor: Upstream) -> float:
    spec = sessions.spec_of(image, vendor.base_url, _SAMPLES, 1)
    began = time.monotonic_ns()
    sessions.run(spec)
    asked, first = vendor.stats()
    if asked != _SAMPLES:
        raise RuntimeError(f"asked {asked} of {_SAMPLES} times")
    return (first - began) / 1e9


def _judged(what: str, turns: Turns, goal: Goal = _GOAL) -> Figure:
    ours, peer = median(turns.ours), median(turns.peer)
    return _figure(what, ours, peer, turns.ratio, goal, len(turns.ours))


def _worst(what: str, turns: Turns) -> Figure:
    ours, peer = percentile_95(turns.ours), percentile_95(turns.peer)
    return _figure(what, ours, peer, ours / peer, _GOAL, len(turns.ours))


def _figure(what: str, ours: float, peer: float, judged: float, goal: Goal, rounds: int) -> Figure:
    return Figure(
        what=what,
        unit="ms",
        ours=ours * 1000,
        peer=peer * 1000,
        bound=None,
        judged=judged,
        goal=goal,
        rounds=rounds,
    )
