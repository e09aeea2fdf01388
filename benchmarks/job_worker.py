"""A Celery worker on the product's own queue whose task only says when it began.

Started as `celery --app benchmarks.job_worker:app worker`; the settings come from the
environment as for any process of the product.
"""

import os
import time
from pathlib import Path

from celery import Celery

from harness import config, queue

app: Celery = queue.celery(config.load())
_began = Path(os.environ["ASSAY_BENCH_BEGAN"])


@app.task(name=queue.RUN_TASK)  # type: ignore[untyped-decorator]
def run(run_id: str) -> None:
    """Write the moment of the start, in nanoseconds of the machine-wide monotonic clock."""
    # One write of a short line to a file opened for appending is never torn.
    with _began.open("a") as file:
        file.write(f"{run_id} {time.monotonic_ns()}\n")
