"""Every probe from outside, several guests at a time."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from sandbox.container.outside import endings, limits, refusals
from sandbox.container.outside.stage import Stage
from sandbox.container.outside.verdicts import Verdict
from sandbox.container.runtime import Engine
from sandbox.errors import EngineUnavailable, PlatformFault

Scenario = Callable[[Stage], Mapping[str, Verdict]]

SCENARIOS: Final[tuple[Scenario, ...]] = (
    limits.output,
    endings.idle,
    endings.orphans,
    limits.memory,
    limits.memory_of_a_child,
    limits.space,
    limits.scratch,
    refusals.refusals,
)
_AT_ONCE = 4


def run(
    engine: Engine, image: str, *, owner: str, run_root: Path, oci_runtime: str
) -> Mapping[str, Verdict]:
    """Play every scenario; a probe of one that breaks is missing.

    Raises EngineUnavailable, and ControlMissing when users are mapped nobody knows how.
    """
    stage = Stage(engine, image, owner, run_root, oci_runtime, engine.id_offset())
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="probe") as pool:
        found = list(pool.map(lambda scenario: _play(scenario, stage), SCENARIOS))
    return {name: verdict for one in found for name, verdict in one.items()}


def _play(scenario: Scenario, stage: Stage) -> Mapping[str, Verdict]:
    try:
        return scenario(stage)
    except EngineUnavailable:
        raise
    except (PlatformFault, OSError):
        return {}
