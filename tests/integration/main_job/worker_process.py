"""A real worker on a world's data folder: `assay worker` with Celery below it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.world import World

_STOP_S = 30


@contextmanager
def worker(world: World, log: Path, **environment: str) -> Iterator[None]:
    """Run a worker until the block ends; its output and its gateways' go to `log`."""
    settings = world.platform.settings
    told = {
        "PATH": os.environ["PATH"],
        "ASSAY_DATA_DIR": str(settings.data_dir),
        "ASSAY_WORKER_SLOTS": str(settings.worker_slots),
        "ASSAY_SWEEP_S": "1",
        **environment,
    }
    command = (sys.executable, "-m", "harness.cli.main", "worker")
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=told
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
