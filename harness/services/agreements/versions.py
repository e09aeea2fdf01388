"""Suites that differ in few samples: their reports, compared, would tell of single outputs.

Compared is with every suite that the auditor, or another organisation of the same owner, has run
on the same model, whatever it is called. A run that was refunded does not count: it told nothing.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy.orm import Session

from harness.disclosure.rules import LEAST_VERSION_DIFFERENCE
from harness.documents import suite_versions
from harness.errors import IntegrityError
from harness.records import runs, suites
from harness.services import states
from harness.services.suites import open_archive

_REMEMBERED: Final = 64


def problems(session: Session, digest: str, auditor: str, model: str) -> Iterator[str]:
    """Why this suite cannot be run on this model, one line for each that is too near."""
    earlier = runs.suites_run(session, auditor, model, states.REFUNDED_RUNS)
    for other in earlier:
        if other.digest == digest:
            continue
        found = suite_versions.differing(_looks(session, digest), _looks(session, other.digest))
        near = [count for count in found if 0 < count < LEAST_VERSION_DIFFERENCE]
        if near:
            name = f"version {other.version} of {other.suite}"
            if other.auditor != auditor:
                name = "a suite of an organisation with the same owner"
            yield (
                f"suite.digest: differs in {_samples(near[0])} from {name}, which has been run on "
                f"{model}; it may differ in none, or in at least {LEAST_VERSION_DIFFERENCE}: run "
                f"that one again, or change {LEAST_VERSION_DIFFERENCE - near[0]} more"
            )


def _samples(count: int) -> str:
    return "1 sample" if count == 1 else f"{count} samples"


# By digest, which names the content: a pair is compared at each proposal and each launch.
_memory: Final[dict[str, tuple[suite_versions.Look, ...]]] = {}


def _looks(session: Session, digest: str) -> tuple[suite_versions.Look, ...]:
    known = _memory.get(digest)
    if known is None:
        archive = suites.archive(session, digest)
        if archive is None:
            raise IntegrityError("a suite that has been run is not there any more")
        known = suite_versions.looks(*open_archive(archive))
        if len(_memory) >= _REMEMBERED:
            _memory.pop(next(iter(_memory)), None)
        _memory[digest] = known
    return known
