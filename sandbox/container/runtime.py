"""The contract between the sandbox and a container engine.

States of a container, and the calls that move it:

    absent --create--> CREATED --start--> RUNNING --(exit, kill)--> EXITED --remove--> absent

`kill` and `remove` may be called in every state, any number of times; `remove` works on a
running container too. Every call raises EngineUnavailable when the engine does not answer, and
PlatformFault with the code `no_such_container` where a container is needed and there is none.
The in-memory twin for tests keeps the same contract and passes the same tests.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from sandbox.container.facts import Facts
from sandbox.container.labels import Identity
from sandbox.spec import ContainerSpec, HostIds

NO_SUCH_CONTAINER = "no_such_container"
DUPLICATE = "duplicate_container"
START_REFUSED = "start_refused"


class Status(StrEnum):
    """Where a container is in its life."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class State:
    """What the engine knows. `oom` holds too when only a child ran out of memory."""

    status: Status
    exit_code: int
    oom: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A container of ours. `run_dir` is the host's side of its one mount."""

    id: str
    name: str
    identity: Identity
    run_dir: Path | None


class ContainerRuntime(Protocol):
    """Containers made by the run spec, and nothing else."""

    def folder(
        self, spec: ContainerSpec, ids: HostIds, files: Mapping[str, bytes]
    ) -> AbstractContextManager[None]:
        """Have the spec's run directory, with these files, while the block lasts.

        Raises PlatformFault when it cannot be made: see `sandbox.container.rundir`.
        """

    def create(self, spec: ContainerSpec) -> str:
        """Make a container and compare it with the spec; returns its id.

        Raises PlatformFault `duplicate_container` when the name is taken, ImageRefused without
        the image, and ControlMissing when the engine refuses, warns or shows another
        configuration than was asked for: the container is removed again then.
        """

    def start(self, container: str) -> None:
        """Let it run. Raises PlatformFault `start_refused`. A second start is no error."""

    def wait(self, container: str) -> State:
        """Block until a started container has exited."""

    def inspect(self, container: str) -> State:
        """Look at a container now."""

    def kill(self, container: str) -> None:
        """Kill every process in it; no error when it does not run or is absent."""

    def remove(self, container: str) -> None:
        """Kill and remove it; no error when it is absent. It is gone when this returns."""

    def list(self, owner: str) -> tuple[Found, ...]:
        """Every container with this owner's label, running or not.

        One may be listed a moment before it can be inspected, and a moment after its end.
        """

    def id_offset(self) -> int:
        """Host id of a container's id 0: not 0 where users are remapped.

        Raises ControlMissing `id_map_unknown` where the engine does not show it.
        """


class ImageStore(Protocol):
    """Images by id. Nothing is ever pulled."""

    def image(self, image_id: str) -> Mapping[str, Any] | None:
        """Read what the engine says of an image; None when it is absent."""

    def images(self, label: str, value: str) -> tuple[str, ...]:
        """Ids of the images that carry a label with this value."""

    def load_image(self, archive: Path) -> None:
        """Load an archive in the format of `docker save`. Raises PlatformFault when refused."""

    def save_image(self, image_id: str, archive: Path) -> None:
        """Write an image as an archive."""

    def remove_image(self, image_id: str) -> None:
        """Remove an image; no error when it is absent."""


class Engine(ContainerRuntime, ImageStore, Protocol):
    """One container engine."""

    def version(self) -> str:
        """Name engine, low-level runtime and kernel with their versions, in one line."""

    def shown(self, container: str) -> Mapping[str, Any]:
        """Everything that the engine says of a container, for our own probes alone."""

    def facts(self) -> Facts:
        """Read what the engine says of itself and its host."""
