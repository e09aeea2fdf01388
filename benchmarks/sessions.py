"""Sandboxed runs by hand: a grant nobody signed, for measuring the sandbox alone."""

import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.questions import suite_files
from evals import wire
from harness.documents.authoring import compile_suite
from sandbox import session
from sandbox.container import images
from sandbox.container.docker import DockerRuntime
from sandbox.spec import (
    Budget,
    Ending,
    Exact,
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

OWNER = "assay-bench"
_PLENTY = 10**12
_RUN_ROOT = Path("/run/assay")
_WALL_CLOCK_S = 600
_DIGEST = "sha256:" + "0" * 64


def image(say: Callable[[str], None]) -> str:
    """Return the id of this version's base image; build it when there is none yet."""
    engine = DockerRuntime()
    found = images.current(engine)
    if found is not None:
        return found
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        return images.build(engine, Path(folder), say).id


def spec_of(image_id: str, base_url: str, samples: int, concurrency: int) -> SessionSpec:
    """Everything one run of the bench's questions needs."""
    files = compile_suite(suite_files(samples))
    run = secrets.token_hex(4)
    now = time.time()
    grant = ModelGrant(
        protocol_digest=_DIGEST,
        run=run,
        run_start_index=0,
        checkpoint_digest=_DIGEST,
        endpoints=(ModelEndpoint("target", base_url, "mock"),),
        parameters={"temperature": Exact("0"), "max_tokens": Exact(64)},
        budget=Budget(_PLENTY, _PLENTY, _PLENTY, _PLENTY, concurrency),
        price=Price(0, 0),
        request_timeout_s=60,
        retries=2,
        not_before=now - 60,
        not_after=now + _WALL_CLOCK_S,
        score_schema=ScoreSchema(
            tuple(f"q{number:05d}" for number in range(samples)),
            1,
            (ScoreField("correct", 0, 1),),
        ),
    )
    run_file = wire.RunFile(
        run=run,
        phase="joined",
        concurrency=concurrency,
        epochs=1,
        order_seed=secrets.token_hex(16),
        roles=("target",),
        parameters={"temperature": "0", "max_tokens": 64},
        time_limit_s=_WALL_CLOCK_S,
    )
    return SessionSpec(
        grant=grant,
        credentials={"target": "bench"},
        image=image_id,
        stages=(Stage("joined", wire.encode_run_file(run_file), files),),
        owner=OWNER,
        attempt=1,
        slot=0,
        run_root=_RUN_ROOT,
    )


def run(spec: SessionSpec) -> tuple[float, SessionResult]:
    """Run one session; return its wall seconds. Raises RuntimeError unless it completed."""
    callbacks = SessionCallbacks(
        progress=lambda _requests, _rows: None,
        reply_reached=lambda: None,
        should_stop=lambda: False,
    )
    began = time.perf_counter()
    result = session.run(spec, callbacks)
    wall = time.perf_counter() - began
    if result.ending is not Ending.COMPLETE:
        raise RuntimeError(f"the session ended {result.ending}: {result.code}")
    return wall, result
