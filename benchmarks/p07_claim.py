"""P7, the last part: from the claim of a queued run to its first model call at the vendor.

Everything is the product's: a data folder with parties, a suite and a protocol that both signed,
and the worker's own `execute`. The self-test of the image has passed before the clock starts, as
it has on a host that is in use; all else of a run is done anew each time.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.children import Upstream
from harness.records import runs
from harness.services import states
from harness.services.agreements.terms import Terms
from harness.services.release import execute
from tests.support import world as worlds
from tests.support.world import World

_SAMPLES = 20  # the least that a suite may have
_RUNS_EACH = 20  # the most that one protocol may agree on


@contextmanager
def claims(image: str, vendor: Upstream) -> Iterator[Callable[[], float]]:
    """A function that carries a run out and returns the seconds to its first model call."""
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        world = worlds.make(Path(folder) / "data", run_root=Path("/run/assay"))
        try:
            world.image(image)
            world.model(vendor.base_url)
            suite = world.suite(worlds.suite_files(worlds.simple_questions(_SAMPLES)))
            slots = _slots(world, suite)
            yield lambda: _first_call(world, next(slots), vendor)
        finally:
            world.platform.database.close()


def _slots(world: World, suite: str) -> Iterator[str]:
    """Queued runs without end, of one protocol after another."""
    terms = Terms(
        runs=_RUNS_EACH,
        concurrency=1,
        release="on_completion",
        grid_s=1,
        run_wall_clock_s=60,
        start_within_s=60,
    )
    while True:
        protocol = world.agree(suite, terms)
        for _ in range(_RUNS_EACH):
            yield world.reserve(protocol)


def _first_call(world: World, run_id: str, vendor: Upstream) -> float:
    began = time.monotonic_ns()
    execute.execute(world.platform, run_id)
    asked, first = vendor.stats()
    with world.platform.database.read() as session:
        run = runs.get(session, run_id)
    if run is None or run.state != states.Run.RELEASED or asked != _SAMPLES:
        raise RuntimeError(f"the run asked {asked} of {_SAMPLES} times and was not released")
    return (first - began) / 1e9
