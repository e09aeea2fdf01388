"""An engine in memory that keeps the contract of `sandbox.container.runtime`.

A test lets a container exit with `finish`, and takes the engine away with `away`.
"""

import itertools
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.container.labels import Identity
from sandbox.container.runtime import (
    DUPLICATE,
    NO_SUCH_CONTAINER,
    Found,
    State,
    Status,
)
from sandbox.errors import EngineUnavailable, ImageRefused, PlatformFault
from sandbox.spec import ContainerSpec, HostIds

_KILLED = 137
_FRESH = State(Status.CREATED, 0, oom=False)


@dataclass
class _Container:
    spec: ContainerSpec
    state: State = _FRESH
    ended: threading.Event = field(default_factory=threading.Event)


class MemoryRuntime:
    """Containers that do nothing but be in a state."""

    def __init__(self, images: frozenset[str] = frozenset()) -> None:
        self.away = False
        self.images = images
        self.folders: dict[Path, dict[str, bytes]] = {}
        self._ids = itertools.count(1)
        self._containers: dict[str, _Container] = {}

    @contextmanager
    def folder(
        self, spec: ContainerSpec, ids: HostIds, files: Mapping[str, bytes]
    ) -> Iterator[None]:
        del ids
        self.folders[spec.run_dir] = dict(files)
        try:
            yield
        finally:
            del self.folders[spec.run_dir]

    def id_offset(self) -> int:
        return 0

    def create(self, spec: ContainerSpec) -> str:
        self._reach()
        if self.images and spec.image not in self.images:
            raise ImageRefused(("no such image",))
        if any(one.spec.name == spec.name for one in self._containers.values()):
            raise PlatformFault(DUPLICATE)
        container = f"{next(self._ids):064x}"
        self._containers[container] = _Container(spec)
        return container

    def start(self, container: str) -> None:
        one = self._find(container)
        if one.state.status is Status.CREATED:
            one.state = State(Status.RUNNING, 0, oom=False)

    def wait(self, container: str) -> State:
        one = self._find(container)
        one.ended.wait()
        if container not in self._containers:
            raise PlatformFault(NO_SUCH_CONTAINER)
        return one.state

    def inspect(self, container: str) -> State:
        return self._find(container).state

    def kill(self, container: str) -> None:
        self._reach()
        one = self._containers.get(container)
        if one is not None and one.state.status is Status.RUNNING:
            self.finish(container, _KILLED)

    def remove(self, container: str) -> None:
        self._reach()
        one = self._containers.pop(container, None)
        if one is not None:
            one.ended.set()

    def list(self, owner: str) -> tuple[Found, ...]:
        self._reach()
        return tuple(
            Found(
                id=container,
                name=one.spec.name,
                identity=Identity(
                    one.spec.run, one.spec.attempt, one.spec.owner, int(one.spec.deadline)
                ),
                run_dir=one.spec.run_dir,
            )
            for container, one in self._containers.items()
            if one.spec.owner == owner
        )

    def finish(self, container: str, exit_code: int, *, oom: bool = False) -> None:
        """Let a running container exit."""
        one = self._containers[container]
        one.state = State(Status.EXITED, exit_code, oom)
        one.ended.set()

    def _reach(self) -> None:
        if self.away:
            raise EngineUnavailable("engine_unavailable")

    def _find(self, container: str) -> _Container:
        self._reach()
        if container not in self._containers:
            raise PlatformFault(NO_SUCH_CONTAINER)
        return self._containers[container]
