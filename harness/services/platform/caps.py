"""What this operator lets a suite ask of a container: settings `ASSAY_MAX_…`, by limit."""

import os
from collections.abc import Iterator
from typing import Final

from evals.manifest import Limits
from harness.config import Settings

_MIB: Final = 1024 * 1024


def over(limits: Limits, settings: Settings) -> Iterator[str]:
    """Each limit of a suite that is beyond the operator's cap, with that cap."""
    for name, asked in limits._asdict().items():
        cap = getattr(settings, f"max_{name}")
        if asked > cap:
            yield f"limits.{name}: {asked} is asked for, this operator allows at most {cap}"


def lacking(memory_mib: int, cpus: int) -> Iterator[str]:
    """What this very host has less of than that."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MIB
    processors = os.cpu_count() or 1
    if memory_mib > memory:
        yield f"{memory} MiB of memory"
    if cpus > processors:
        yield f"{processors} processor{'s' * (processors > 1)}"
