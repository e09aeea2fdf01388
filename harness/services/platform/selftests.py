"""Isolation self-tests: run once per image and host, and before every run when outdated."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from harness.records import platform as rows
from harness.records.base import Act
from harness.services.access import Actor, Thing, check
from harness.services.platform import images
from harness.services.platform.opening import Site
from sandbox.container import images as sandbox_images
from sandbox.container import requirements, selftest
from sandbox.container.docker import DockerRuntime
from sandbox.container.selftest import SelfTest
from sandbox.errors import ControlMissing

# A host changes under a running service: kernels and engines are updated.
MAX_AGE_S = 24 * 3600
# What its column holds; a kernel may have a long name.
_LONGEST_ENGINE: Final = 200
_BEAT_S: Final = 1.0


def ensure(platform: Site, image_id: str, beat: Callable[[], None]) -> str:
    """Digest of a self-test of this image that passed here, running it when there is none.

    `beat` is called every second meanwhile. Raises EngineUnavailable, ImageRefused, or
    ControlMissing when a *must* or what the operator requires does not hold.
    """
    runtime = DockerRuntime()
    if any(requirements.unmet(platform.settings.requirements, runtime.facts())):
        # Which they are, `assay doctor` says.
        raise ControlMissing("requirement_unmet", "the host lacks what the operator requires")
    sandbox_images.admit(runtime, image_id)
    with platform.database.read() as session:
        known = rows.selftest(session, image_id, platform.host)
    fresh = known is not None and known.at > platform.clock() - MAX_AGE_S
    if known is not None and fresh and known.passed and known.engine == _engine(platform, runtime):
        return known.digest
    with ThreadPoolExecutor(1, thread_name_prefix="selftest") as pool:
        testing = pool.submit(run, platform, image_id)
        result = None
        while result is None:
            beat()
            try:
                result = testing.result(_BEAT_S)
            except TimeoutError:
                continue
    if not result.passed:
        raise ControlMissing("selftest_failed", "the isolation self-test does not pass here")
    return result.digest


@dataclass(frozen=True, slots=True)
class Remembered:
    """A self-test that is known here; `lacking` are its probes that do not hold."""

    image: str
    host: str
    engine: str
    digest: str
    passed: bool
    at: float
    lacking: tuple[dict[str, Any], ...]
    held: tuple[dict[str, Any], ...]


def remembered(session: Session, actor: Actor) -> tuple[Remembered, ...]:
    """The newest self-test of every image on every host, newest first; for the operator."""
    check(actor, "read", Thing("platform"))
    return tuple(
        Remembered(
            image=row.image,
            host=row.host,
            engine=row.engine,
            digest=row.digest,
            passed=row.passed,
            at=row.at,
            # What refuses runs comes first.
            lacking=tuple(
                sorted(
                    (one for one in row.probes if not one["held"]),
                    key=lambda one: (one["level"], one["name"]),
                )
            ),
            held=tuple(one for one in row.probes if one["held"]),
        )
        for row in rows.selftests(session)
    )


def run(platform: Site, image_id: str) -> SelfTest:
    """Probe containers made like a real run's, and remember the result."""
    result = selftest.run(
        DockerRuntime(),
        image_id,
        owner=images.owner(platform),
        run_root=platform.settings.run_root,
        oci_runtime=platform.settings.sandbox_runtime,
    )
    remember(platform, image_id, result)
    return result


def remember(platform: Site, image_id: str, result: SelfTest) -> None:
    """Write down what a self-test has found here just now."""
    now = platform.clock()
    with platform.database.write() as session:
        rows.put_selftest(
            session,
            rows.SelfTest(
                image=image_id,
                host=platform.host,
                engine=_engine(platform, DockerRuntime()),
                digest=result.digest,
                passed=result.passed,
                probes=[asdict(probe) for probe in result.probes],
                at=now,
            ),
            Act("operator", "self-test", now),
        )


def _engine(platform: Site, runtime: DockerRuntime) -> str:
    """What a self-test holds for: the runtime of the run spec on this engine and kernel."""
    return f"{platform.settings.sandbox_runtime} on {runtime.version()}"[:_LONGEST_ENGINE]
