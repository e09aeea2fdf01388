"""What this operator lets a suite ask of a container: settings `ASSAY_MAX_…`, by limit."""

from collections.abc import Iterator

from evals.manifest import Limits
from harness.config import Settings


def over(limits: Limits, settings: Settings) -> Iterator[str]:
    """Each limit of a suite that is beyond the operator's cap, with that cap."""
    for name, asked in limits._asdict().items():
        cap = getattr(settings, f"max_{name}")
        if asked > cap:
            yield f"limits.{name}: {asked} is asked for, this operator allows at most {cap}"
