"""One-off containers of our own: run a fixed command and take what it says on the socket.

Images and self-tests use this. The answer leaves by the run's socket like a run's scores do:
never by attaching, logs or exec.
"""

import io
import os
import secrets
import socket
import struct
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from sandbox.container.rundir import SOCKET, run_dir
from sandbox.container.runtime import ContainerRuntime, Status
from sandbox.errors import PlatformFault
from sandbox.spec import ContainerSpec, HostIds, Limits, host_ids

# Names and users apart from those of real runs.
TOOL_PREFIX = "tool-"
_FIRST_SLOT = 44_000
_SLOTS = 1_000

_CHUNK = 1 << 16
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Job:
    """A command for one container. `files` lie in its run directory, read-only."""

    image: str
    owner: str
    command: tuple[str, ...]
    time_s: float
    max_bytes: int
    files: Mapping[str, bytes] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    oci_runtime: str = "runc"


def collect(runtime: ContainerRuntime, job: Job, run_root: Path) -> bytes:
    """Run a job and return everything it sent over one connection. Raises as `collect_into`."""
    said = io.BytesIO()
    collect_into(runtime, job, run_root, said)
    return said.getvalue()


def collect_into(runtime: ContainerRuntime, job: Job, run_root: Path, said: IO[bytes]) -> None:
    """Run a job and write everything it sends over one connection to `said`.

    Raises PlatformFault `job_failed` when it ends without an answer, `job_too_slow` or
    `job_too_loud` when it breaks its bounds, and what the runtime raises.
    """
    with ExitStack() as stack:
        draft = ContainerSpec(
            run=TOOL_PREFIX + secrets.token_hex(6),
            attempt=1,
            owner=job.owner,
            image=job.image,
            slot=_FIRST_SLOT + secrets.randbelow(_SLOTS),
            run_dir=run_root,
            deadline=time.time() + job.time_s,
            limits=job.limits,
            runtime=job.oci_runtime,
            command=job.command,
        )
        ids = host_ids(runtime.id_offset(), draft.uid, draft.runtime)
        directory = stack.enter_context(run_dir(run_root, ids.group, job.files, ids.owner))
        spec = replace(draft, run_dir=directory)
        listener = stack.enter_context(_listen(directory / SOCKET, ids))
        container = runtime.create(spec)
        stack.callback(runtime.remove, container)
        runtime.start(container)
        connection = stack.enter_context(_accept(runtime, container, listener, spec, ids))
        _receive(connection, spec.deadline, job.max_bytes, said)


def _listen(path: Path, ids: HostIds) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        os.chown(path, ids.owner, ids.group)
        path.chmod(0o660)
        listener.listen(1)
    except OSError:
        listener.close()
        raise PlatformFault("run_dir_failed", "the run's socket cannot be made") from None
    return listener


def _receive(connection: socket.socket, deadline: float, max_bytes: int, said: IO[bytes]) -> None:
    count = 0
    while True:
        left_s = deadline - time.time()
        if left_s <= 0:
            raise PlatformFault("job_too_slow")
        connection.settimeout(left_s)
        try:
            chunk = connection.recv(_CHUNK)
        except TimeoutError:
            continue
        except OSError:
            raise PlatformFault("job_failed") from None
        if not chunk:
            return
        count += len(chunk)
        if count > max_bytes:
            raise PlatformFault("job_too_loud")
        said.write(chunk)


def _accept(
    runtime: ContainerRuntime,
    container: str,
    listener: socket.socket,
    spec: ContainerSpec,
    ids: HostIds,
) -> socket.socket:
    listener.settimeout(_LOOK_S)
    ended = False
    while time.time() < spec.deadline:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            if ended:
                raise PlatformFault("job_failed") from None
            # Look once more after it has ended: it may have connected just before.
            ended = runtime.inspect(container).status is Status.EXITED
            continue
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        if struct.unpack("3i", peer)[1] == ids.peer:
            return connection
        connection.close()
    raise PlatformFault("job_too_slow")
