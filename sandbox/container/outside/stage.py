"""What the probes from outside act on: guests made by the run spec, told what to do by the host."""

import itertools
import json
import os
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sandbox.container.collector import TOOL_PREFIX
from sandbox.container.rundir import SOCKET, run_dir
from sandbox.container.runtime import Engine, State, Status
from sandbox.errors import PlatformFault
from sandbox.spec import ContainerSpec, HostIds, Limits, host_ids

MIB: Final = 1024 * 1024
# Small, so that a guest reaches each of them within moments.
LIMITS: Final = Limits(
    memory_bytes=96 * MIB,
    cpus=0.5,
    pids=24,
    tmpfs_bytes=16 * MIB,
    shm_bytes=MIB,
    nofile=128,
    fsize_bytes=8 * MIB,
    cpu_seconds=60,
)
# gVisor is a process of its own in the run's control group, and needs room there.
_LIMITS_OF_RUNSC: Final = replace(LIMITS, memory_bytes=256 * MIB)
WITHIN_S: Final = 20.0

_ACTS = ("/usr/bin/python3", "-I", "-S", "/opt/assay/evals/probing/acts.py", "/assay/" + SOCKET)
# Users apart from those of real runs and of single jobs.
_FIRST_SLOT = 45_000
_SLOTS = 500
_turns = itertools.count(secrets.randbelow(_SLOTS))

_LINE_BYTES = 256
_NAME = re.compile(r"[a-z]{1,16}")


@dataclass(slots=True)
class Guest:
    """One running guest. `pid` is its first process on the host, 0 when the engine knows none."""

    spec: ContainerSpec
    id: str
    pid: int
    folder: Path
    end: socket.socket
    peer: int

    def act(self) -> Mapping[str, int]:
        """Let it do its next act; what it says, nothing when it ends instead."""
        try:
            self.end.sendall(b"x")
            line = b""
            while not line.endswith(b"\n"):
                part = self.end.recv(_LINE_BYTES)
                if not part or len(line) > _LINE_BYTES:
                    return {}
                line += part
        except OSError:
            return {}
        return _counts(line)

    def status(self) -> Mapping[str, str]:
        """What the host's kernel says of its first process (proc(5), status)."""
        text = Path("/proc", str(self.pid), "status").read_text()
        rows = (line.partition(":") for line in text.splitlines())
        return {name: value.strip() for name, _, value in rows}


@dataclass(frozen=True, slots=True)
class Stage:
    """An engine, and whom its guests belong to."""

    engine: Engine
    image: str
    owner: str
    run_root: Path
    runtime: str
    offset: int
    limits: Limits = field(default=LIMITS)

    def spec(self, *acts: str) -> ContainerSpec:
        """A spec that is like a real run's but for its small limits and its command."""
        return ContainerSpec(
            run=TOOL_PREFIX + secrets.token_hex(6),
            attempt=1,
            owner=self.owner,
            image=self.image,
            slot=_FIRST_SLOT + next(_turns) % _SLOTS,
            run_dir=self.run_root,
            deadline=time.time() + WITHIN_S,
            limits=_LIMITS_OF_RUNSC if "runsc" in self.runtime else self.limits,
            runtime=self.runtime,
            command=(*_ACTS, *acts),
        )

    def ids(self, spec: ContainerSpec) -> HostIds:
        """Who its processes and folder are on the host."""
        return host_ids(self.offset, spec.uid, self.runtime)

    @contextmanager
    def guest(self, *acts: str) -> Iterator[Guest]:
        """Have a guest that waits to be told its first act. It is gone afterwards.

        Raises PlatformFault, `guest_silent` when it does not come up.
        """
        with ExitStack() as stack:
            draft = self.spec(*acts)
            ids = self.ids(draft)
            folder = stack.enter_context(run_dir(self.run_root, ids.group, {}, ids.owner))
            spec = replace(draft, run_dir=folder)
            listener = stack.enter_context(listen(folder / SOCKET, ids))
            container = self.engine.create(spec)
            stack.callback(self.engine.remove, container)
            self.engine.start(container)
            try:
                end, _ = listener.accept()
            except OSError:
                raise PlatformFault("guest_silent") from None
            stack.enter_context(end)
            end.settimeout(WITHIN_S)
            peer = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            uid = int.from_bytes(peer[4:8], "little", signed=True)
            pid = int(self.shown(container)["State"].get("Pid") or 0)
            yield Guest(spec, container, pid, folder, end, uid)

    def shown(self, container: str) -> Mapping[str, Any]:
        """Everything that the engine says of it."""
        return self.engine.shown(container)

    def state(self, container: str) -> State:
        """How it ended, or how it is when it does not end in time."""
        until(lambda: self.engine.inspect(container).status is Status.EXITED, WITHIN_S)
        return self.engine.inspect(container)


def listen(path: Path, ids: HostIds) -> socket.socket:
    """A socket for the guest; it takes one connection within moments."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    os.chown(path, ids.owner, ids.group)
    path.chmod(0o660)
    listener.listen(1)
    listener.settimeout(WITHIN_S)
    return listener


def until(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether something comes to hold in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def _counts(line: bytes) -> Mapping[str, int]:
    """A guest's line, read as strictly as a score."""
    said: object = None
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return {}
    for name, value in said.items():
        if not _NAME.fullmatch(name) or type(value) is not int:
            return {}
    return said
