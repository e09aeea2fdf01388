"""The contract with a container engine: states, preconditions, what each fault means.

    create   a container that is not running yet, every control compared with what was asked
    start    precondition: created; starting twice is a fault
    observe  any time; a container that is gone is GONE, not a fault
    wait     returns the state at once when it has ended, else when it ends or time is up
    kill     idempotent: what has ended or is gone stays so
    remove   idempotent, whatever the state
    owned    every container that carries an owner's labels, running or not

Every method may raise EngineUnavailable. Names are unique per run and attempt, so a doubled
create is refused by the engine (PlatformFault "duplicate").
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sandbox.container.labels import Identity
from sandbox.spec import ContainerSpec


class Phase(StrEnum):
    """Where a container stands in its life."""

    CREATED = "created"
    RUNNING = "running"
    ENDED = "ended"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class State:
    """What the engine says. `exit_code` and `oom` mean something once it has ENDED."""

    phase: Phase
    exit_code: int = 0
    oom: bool = False


@dataclass(frozen=True, slots=True)
class Owned:
    """A container of ours: the engine's id and who it says it is."""

    id: str
    identity: Identity
    phase: Phase


class ContainerRuntime(Protocol):
    """A container engine, as far as Assay uses one."""

    def version(self) -> str:
        """Engine, runtime and kernel versions in one line; also a sign of life."""

    def create(self, spec: ContainerSpec) -> str:
        """Create a container and return its id.

        Raises ControlMissing when the engine warns or shows another control than was asked,
        PlatformFault "duplicate" or "create_refused"; nothing is left behind.
        """

    def start(self, container: str) -> None:
        """Start a created container. Raises PlatformFault "start_refused"."""

    def observe(self, container: str) -> State:
        """Look at a container."""

    def wait(self, container: str, seconds: float) -> State:
        """Wait for its end, at most so long."""

    def kill(self, container: str) -> None:
        """Send SIGKILL to all of it."""

    def remove(self, container: str) -> None:
        """Remove it and everything it wrote."""

    def owned(self, owner: str) -> list[Owned]:
        """List the containers of an owner."""
