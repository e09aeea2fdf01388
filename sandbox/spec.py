"""Frozen inputs and results of one sandboxed run.

The harness compiles a signed protocol into these values; nothing in `sandbox` reads a
protocol itself. Times are seconds since the Unix epoch, money is millionths of a US dollar.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from evals import wire


@dataclass(frozen=True, slots=True)
class ScoreField:
    """One integer per sample and epoch; a category is the index of its label."""

    metric: str
    lo: int
    hi: int


@dataclass(frozen=True, slots=True)
class ScoreSchema:
    """The only rows that may cross the wall: samples x epochs, each with every field."""

    sample_ids: tuple[str, ...]
    epochs: int
    fields: tuple[ScoreField, ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """Hard caps of one run. `concurrency` counts model calls in flight at the vendor."""

    requests: int
    tokens_in: int
    tokens_out: int
    cost_microusd: int
    concurrency: int


@dataclass(frozen=True, slots=True)
class Price:
    """What the vendor charges, in millionths of a US dollar per million tokens."""

    in_microusd_per_mtok: int
    out_microusd_per_mtok: int


@dataclass(frozen=True, slots=True)
class Exact:
    """A sampling parameter with one agreed value; fractional numbers are decimal strings."""

    value: int | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """A sampling parameter within agreed bounds (decimal strings), with its default."""

    minimum: str
    maximum: str
    default: str


@dataclass(frozen=True, slots=True)
class ModelEndpoint:
    """Where a role's calls go. `model` is the vendor's own identifier."""

    role: str
    base_url: str
    model: str
    dialect: str = "openai.chat_completions"


@dataclass(frozen=True, slots=True)
class ModelGrant:
    """What the gateway enforces, bound to the protocol and to the logged run-start."""

    protocol_digest: str
    run: str
    run_start_index: int
    checkpoint_digest: str
    endpoints: tuple[ModelEndpoint, ...]
    parameters: Mapping[str, Exact | Range]
    budget: Budget
    price: Price
    request_timeout_s: int
    retries: int
    not_before: float
    not_after: float
    score_schema: ScoreSchema


@dataclass(frozen=True, slots=True)
class Limits:
    """Kernel limits of one container; a suite may ask for more up to the operator's caps."""

    memory_bytes: int = 512 * 1024 * 1024
    cpus: float = 1.0
    pids: int = 64
    tmpfs_bytes: int = 64 * 1024 * 1024
    shm_bytes: int = 16 * 1024 * 1024
    nofile: int = 2048
    fsize_bytes: int = 256 * 1024 * 1024
    cpu_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One hardened container. `command` follows the fixed launcher; empty runs the suite.

    `phase` is `joined`, `generate` or `score`: what of a run it carries out.
    """

    run: str
    attempt: int
    owner: str
    image: str
    slot: int
    run_dir: Path
    deadline: float
    limits: Limits = field(default_factory=Limits)
    runtime: str = "runc"
    command: tuple[str, ...] = ()
    phase: str = wire.JOINED

    @property
    def uid(self) -> int:
        """User and group of every process inside, unique among live runs."""
        return 20_000 + self.slot

    @property
    def name(self) -> str:
        """Unique per attempt and phase, so that a doubled create is refused by the engine."""
        return container_name(self.run, self.attempt, self.phase)


def container_name(run: str, attempt: int, phase: str) -> str:
    """Name of the container that carries out a phase of a run's attempt."""
    return f"assay-{run}-{attempt}" + (f"-{phase}" if phase == wire.SCORE else "")


@dataclass(frozen=True, slots=True)
class HostIds:
    """Who a run is on the host, where the engine may remap users.

    `owner` and `group` own its folder and socket: the container's root and the run's group.
    `peer` is the only user that may connect.
    """

    owner: int
    group: int
    peer: int


def host_ids(offset: int, uid: int, runtime: str) -> HostIds:
    """Host ids of a container's user; `offset` is the host's id of the container's id 0.

    Under gVisor a helper, the container's root, connects in the guest's place.
    """
    return HostIds(offset, offset + uid, offset if "runsc" in runtime else offset + uid)


@dataclass(frozen=True, slots=True)
class Held:
    """What the model said: index into `ScoreSchema.sample_ids`, epoch, None for no answer."""

    sample: int
    epoch: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Stage:
    """One container of a run: its phase and the files it is given, by relative name."""

    phase: str
    run_file: bytes
    suite_files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """Everything one sandboxed run needs. `credentials` maps a role to its secret.

    `stages` are one of phase `joined`, or `generate` and then `score`: the first alone has a way
    to the model, and of the two the second alone has the answer keys.
    """

    grant: ModelGrant
    credentials: Mapping[str, str]
    image: str
    stages: tuple[Stage, ...]
    owner: str
    attempt: int
    slot: int
    run_root: Path
    limits: Limits = field(default_factory=Limits)
    runtime: str = "runc"


class Ending(StrEnum):
    """How a session ended; every other ending than COMPLETE carries no scores."""

    COMPLETE = "complete"
    GUEST_FAULT = "guest_fault"
    OOM = "oom"
    OVER_BUDGET = "over_budget"
    VENDOR_DOWN = "vendor_down"
    DEADLINE = "deadline"
    STOPPED = "stopped"
    ENGINE_LOST = "engine_lost"
    GATEWAY_LOST = "gateway_lost"
    START_REFUSED = "start_refused"


# The code of an engine_lost that a guest can bring about by itself, by ending with status 137.
CONTAINER_KILLED = "container_killed"


@dataclass(frozen=True, slots=True)
class Score:
    """One admitted row: index into `ScoreSchema.sample_ids`, epoch, values in field order."""

    sample: int
    epoch: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UsageReceipt:
    """What the gateway counted. For vendor and operator only, never for the auditor."""

    protocol_digest: str
    requests: int = 0
    attempts: int = 0
    retries: int = 0
    replies: int = 0
    vendor_errors: int = 0
    denied: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_microusd: int = 0


@dataclass(frozen=True, slots=True)
class SessionResult:
    """`reply_reached_guest` decides between a refund and a consumed slot."""

    ending: Ending
    code: str
    reply_reached_guest: bool
    scores: tuple[Score, ...]
    receipt: UsageReceipt | None


@dataclass(frozen=True, slots=True)
class SessionCallbacks:
    """Hooks of the caller; each is called from the thread that runs the session.

    `reply_reached` is called at most once, before the guest receives the first byte of any
    reply; `progress` gets (model calls, score rows) at most twice a second; `should_stop` is
    polled at least twice a second.
    """

    progress: Callable[[int, int], None]
    reply_reached: Callable[[], None]
    should_stop: Callable[[], bool]
