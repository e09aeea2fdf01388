"""Sessions whose guest does what a test wants, against a vendor that does as it is told."""

import os
import secrets
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from evals import wire
from sandbox import session
from sandbox.container.runtime import Status
from sandbox.errors import PlatformFault
from sandbox.spec import (
    Budget,
    ContainerSpec,
    Exact,
    Limits,
    ModelEndpoint,
    ModelGrant,
    Price,
    ScoreField,
    ScoreSchema,
    SessionCallbacks,
    SessionResult,
    SessionSpec,
    Stage,
)

# Test processes run side by side on one engine: none may clean up after another.
OWNER = f"assay-tests-{os.getpid()}"
CREDENTIAL = "sk-" + "c0ffee" * 6
_DIGEST = "sha256:" + "ab" * 32
_ATTACKS = Path(__file__).parents[2] / "hostile/sandbox"

# What every scripted guest may use.
PRELUDE = """
import os, signal, socket, sys, time
from evals import client, wire
SOCKET = "/assay/gateway.sock"
def drive(*tasks): client.drive(SOCKET, tasks)
async def ask(text="hello"):
    await client.chat("target", [{"role": "user", "content": text}], {})
async def score(sample, **values):
    await client.post_score(wire.ScoreRow(sample, 0, values))
"""
ANSWER_ALL = """
async def work():
    await ask()
    await score("s0", correct=1)
    await score("s1", correct=0)
drive(work())
drive(client.end(2))
"""


@dataclass
class Watched:
    """What the session told its caller."""

    replies: int = 0
    progress: list[tuple[int, int]] = field(default_factory=list)
    stop_at: float = float("inf")

    def callbacks(self) -> SessionCallbacks:
        return SessionCallbacks(
            progress=lambda calls, rows: self.progress.append((calls, rows)),
            reply_reached=self._reply,
            should_stop=lambda: time.monotonic() >= self.stop_at,
        )

    def _reply(self) -> None:
        self.replies += 1


def spec_of(
    image: str,
    run_root: Path,
    base_url: str,
    guest: str,
    *,
    samples: int = 2,
    wall_clock_s: float = 60,
    budget: Budget | None = None,
    limits: Limits | None = None,
) -> SessionSpec:
    run = secrets.token_hex(4)
    now = time.time()
    grant = ModelGrant(
        protocol_digest=_DIGEST,
        run=run,
        run_start_index=0,
        checkpoint_digest=_DIGEST,
        endpoints=(ModelEndpoint("target", base_url, "vendor-model-1"),),
        parameters={"temperature": Exact("0"), "max_tokens": Exact(16)},
        budget=budget or Budget(10**6, 10**9, 10**9, 10**12, 8),
        price=Price(0, 0),
        request_timeout_s=5,
        retries=0,
        not_before=now - 10,
        not_after=now + wall_clock_s,
        score_schema=ScoreSchema(
            tuple(f"s{number}" for number in range(samples)), 1, (ScoreField("correct", 0, 1),)
        ),
    )
    run_file = wire.RunFile(
        run=run,
        phase="joined",
        concurrency=4,
        epochs=1,
        order_seed="0" * 32,
        roles=("target",),
        parameters={},
        time_limit_s=600,
    )
    return SessionSpec(
        grant=grant,
        credentials={"target": CREDENTIAL},
        image=image,
        stages=(
            Stage(
                "joined",
                wire.encode_run_file(run_file),
                {"guest.py": (PRELUDE + guest).encode()},
            ),
        ),
        owner=OWNER,
        attempt=1,
        slot=43_500,
        run_root=run_root,
        limits=limits or Limits(),
    )


def asset(name: str) -> str:
    """An attack of `tests/hostile/sandbox`, as it stands there."""
    return (_ATTACKS / f"{name}.py").read_text()


def container_of(spec: SessionSpec, **changes) -> ContainerSpec:
    """The container that a session would make."""
    made = ContainerSpec(
        run=spec.grant.run,
        attempt=spec.attempt,
        owner=spec.owner,
        image=spec.image,
        slot=spec.slot,
        run_dir=spec.run_root,
        deadline=spec.grant.not_after,
    )
    return replace(made, **changes)


def carry_out(spec: SessionSpec, runtime, watched: Watched | None = None) -> SessionResult:
    return session.run(spec, (watched or Watched()).callbacks(), runtime)


def until(holds, seconds=30.0) -> bool:
    """Whether something comes to hold within so many seconds."""
    give_up = time.monotonic() + seconds
    pause = threading.Event()
    while not holds():
        if time.monotonic() > give_up:
            return False
        pause.wait(0.02)
    return True


def running(runtime, run: str) -> list[str]:
    """Ids of a run's running containers."""
    return [
        one.id for one in runtime.list(OWNER) if one.identity.run == run and _runs(runtime, one.id)
    ]


def _runs(runtime, container: str) -> bool:
    try:
        return runtime.inspect(container).status is Status.RUNNING
    except PlatformFault:
        # The engine lists a container a moment before it knows it, and a moment longer.
        return False
