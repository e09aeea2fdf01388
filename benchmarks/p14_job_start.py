"""P14: how long a run waits between its nudge and the first line of its task.

The queue is the product's, on the embedded default broker, with the worker's pool as the
product starts it. Nudges come at moments that do not beat with the broker's polling.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from celery import Celery

from benchmarks.figures import Figure, Goal, Options, median, percentile_95
from harness import queue
from harness.config import Settings

_JOBS = 60
_PATIENCE_S = 60.0


def measure(options: Options) -> Sequence[Figure]:
    """Start one worker, nudge it many times, and take the median wait."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        began = Path(folder) / "began"
        began.touch()
        settings = Settings(data_dir=Path(folder) / "data", broker_url="")
        app = queue.celery(settings)
        environment = os.environ | {
            "ASSAY_DATA_DIR": str(settings.data_dir),
            "ASSAY_BROKER_URL": "",
            "ASSAY_BENCH_BEGAN": str(began),
        }
        command = [
            *(sys.executable, "-m", "celery", "--app", "benchmarks.job_worker:app", "worker"),
            *("--pool", "prefork", "--concurrency", "2", "--loglevel", "ERROR"),
            *("--hostname", f"bench-{os.getpid()}@assay", "--without-heartbeat"),
            *("--without-gossip", "--without-mingle"),
        ]
        silent = subprocess.DEVNULL
        with subprocess.Popen(command, env=environment, stdout=silent, stderr=silent) as worker:
            try:
                waits = [_wait(app, began, number, options) for number in range(_JOBS + 5)][5:]
            finally:
                worker.terminate()
    middle = median(waits) * 1000
    return [
        Figure(
            what="nudge to first line of the task, embedded broker",
            unit="ms",
            ours=middle,
            peer=None,
            bound=None,
            judged=middle,
            goal=Goal(50, unit=" ms"),
            rounds=_JOBS,
            note=f"95th percentile {percentile_95(waits) * 1000:.1f} ms",
        )
    ]


def _wait(app: Celery, began: Path, number: int, options: Options) -> float:
    time.sleep(random.uniform(0.05, 0.15))  # noqa: S311 - only keeps out of step with the poll
    if number % 20 == 5:
        options.say(f"P14: job {number - 5} of {_JOBS}")
    sent = time.monotonic_ns()
    if not queue.nudge(app, f"job-{number}"):
        raise RuntimeError("the embedded broker took no message")
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        lines = began.read_text().splitlines()
        if lines and lines[-1].startswith(f"job-{number} "):
            return (int(lines[-1].split()[1]) - sent) / 1e9
        time.sleep(0.002)
    raise RuntimeError("a nudge was never taken up")
