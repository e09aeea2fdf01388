"""A container runtime for a process that holds no engine: it asks the launcher.

It keeps the contract of `sandbox.container.runtime` for the runs that the launcher's records
name. What a container is made of, the launcher decides; of a spec only run, attempt and phase
are told. A container's id is what was told.
"""

import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from evals import wire
from sandbox.container import calls, rundir
from sandbox.container.calls import Call
from sandbox.container.labels import Identity
from sandbox.container.runtime import NO_SUCH_CONTAINER, Found, State, Status
from sandbox.errors import EngineUnavailable, PlatformFault
from sandbox.spec import ContainerSpec, HostIds

# The engine itself may take a minute; then the launcher has given up.
_TIMEOUT_S: Final = 90.0
_PREFLIGHT_S: Final = 900.0
_LOOK_S: Final = 0.5
_CHUNK: Final = 1 << 12
_ID: Final = re.compile(r"([0-9a-z]{1,32})\.([0-9]{1,7})\.([a-z]{1,10})")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


class LauncherRuntime:
    """Speaks to the launcher's socket at `path`; one connection for each call."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def preflight(self, run: str, attempt: int, beat: Callable[[], None]) -> str:
        """Digest of a self-test that a run's image has passed on this host.

        `beat` is called while it lasts. Raises what the self-test raises.
        """
        told = self._ask(Call(calls.PREFLIGHT, run, attempt, wire.JOINED), _PREFLIGHT_S, beat)
        digest = told.get("selftest")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise PlatformFault("bad_answer")
        return digest

    def version(self) -> str:
        """Name the engine and its parts as the launcher does."""
        told = self._ask(Call(calls.VERSION)).get("version")
        if not isinstance(told, str) or not told.isprintable():
            raise PlatformFault("bad_answer")
        return told

    def id_offset(self) -> int:
        """Host id of a container's id 0; see the contract."""
        return _count(self._ask(Call(calls.ID_OFFSET)).get("offset"))

    @contextmanager
    def folder(
        self, spec: ContainerSpec, ids: HostIds, files: Mapping[str, bytes]
    ) -> Iterator[None]:
        """Have the launcher make the run directory, and fill it; see the contract."""
        del ids
        self._ask(_call(calls.FOLDER, spec))
        try:
            rundir.fill(spec.run_dir, files)
            yield
        finally:
            with suppress(OSError):
                rundir.clear(spec.run_dir)
            with suppress(PlatformFault):
                # If this is lost, a sweep of the launcher's removes it.
                self._ask(_call(calls.DISCARD, spec))

    def create(self, spec: ContainerSpec) -> str:
        """Have a run's container made; see the contract."""
        self._ask(_call(calls.CREATE, spec))
        return f"{spec.run}.{spec.attempt}.{spec.phase}"

    def start(self, container: str) -> None:
        """Let it run; see the contract."""
        self._ask(_named(calls.START, container))

    def wait(self, container: str) -> State:
        """Block until it has exited; see the contract."""
        return _state(self._ask(_named(calls.WAIT, container), None))

    def inspect(self, container: str) -> State:
        """Look at it now; see the contract."""
        return _state(self._ask(_named(calls.INSPECT, container)))

    def kill(self, container: str) -> None:
        """Kill it; see the contract."""
        self._unless_absent(calls.KILL, container)

    def remove(self, container: str) -> None:
        """Remove it; see the contract."""
        self._unless_absent(calls.REMOVE, container)

    def list(self, owner: str) -> tuple[Found, ...]:
        """Those of the launcher's containers that have this owner; see the contract."""
        rows = self._ask(Call(calls.LIST)).get("containers")
        if not isinstance(rows, list):
            raise PlatformFault("bad_answer")
        found = [_found(row) for row in rows]
        return tuple(one for one in found if one.identity.owner == owner)

    def _unless_absent(self, name: str, container: str) -> None:
        try:
            self._ask(_named(name, container))
        except PlatformFault as fault:
            if fault.code != NO_SUCH_CONTAINER:
                raise

    def _ask(
        self,
        call: Call,
        seconds: float | None = _TIMEOUT_S,
        beat: Callable[[], None] = lambda: None,
    ) -> Mapping[str, Any]:
        """Carry one call out. `seconds` None waits for as long as the launcher lives."""
        give_up = None if seconds is None else time.monotonic() + seconds
        line = bytearray()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
                end.settimeout(_LOOK_S)
                end.connect(str(self._path))
                end.sendall(calls.encode(call))
                while not line.endswith(b"\n") and len(line) <= calls.LONGEST_ANSWER:
                    try:
                        part = end.recv(_CHUNK)
                    except TimeoutError:
                        if give_up is not None and time.monotonic() > give_up:
                            raise
                        beat()
                        continue
                    if not part:
                        break
                    line += part
        except OSError:
            line.clear()
        if not line:
            raise EngineUnavailable("launcher_unavailable", "the launcher does not answer")
        return calls.read_answer(bytes(line))


def _call(name: str, spec: ContainerSpec) -> Call:
    return Call(name, spec.run, spec.attempt, spec.phase)


def _named(name: str, container: str) -> Call:
    """A call on a container by its id; one that no `create` has made up names none."""
    parts = _ID.fullmatch(container)
    if parts is None or parts[3] not in wire.PHASES:
        raise PlatformFault(NO_SUCH_CONTAINER)
    return Call(name, parts[1], int(parts[2]), parts[3])


def _state(told: Mapping[str, Any]) -> State:
    status, oom = told.get("status"), told.get("oom")
    if status not in set(Status) or not isinstance(oom, bool):
        raise PlatformFault("bad_answer")
    return State(Status(status), _count(told.get("exit_code")), oom)


def _found(row: object) -> Found:
    names = ("name", "run", "owner", "run_dir")
    if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in names):
        raise PlatformFault("bad_answer")
    attempt = _count(row.get("attempt"))
    phase = "score" if row["name"].endswith("-score") else "joined"
    return Found(
        id=f"{row['run']}.{attempt}.{phase}",
        name=row["name"],
        identity=Identity(row["run"], attempt, row["owner"], _count(row.get("deadline"))),
        run_dir=Path(row["run_dir"]) if row["run_dir"] else None,
    )


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise PlatformFault("bad_answer")
    return value
