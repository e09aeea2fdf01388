"""Isolation self-tests: run once per image and host, and before every run when outdated."""

from collections.abc import Callable
from typing import Final

from harness.records import platform as rows
from harness.records.base import Act
from harness.services.platform import images
from harness.services.platform.opening import Site
from sandbox.container import images as sandbox_images
from sandbox.container import selftest
from sandbox.container.docker import DockerRuntime
from sandbox.container.selftest import SelfTest
from sandbox.errors import ControlMissing

# A host changes under a running service: kernels and engines are updated.
MAX_AGE_S = 24 * 3600
# What its column holds; a kernel may have a long name.
_LONGEST_ENGINE: Final = 200


def ensure(platform: Site, image_id: str, beat: Callable[[], None]) -> str:
    """Digest of a self-test of this image that passed here, running it when there is none.

    Raises EngineUnavailable, ImageRefused, or ControlMissing when a *must* does not hold.
    """
    runtime = DockerRuntime()
    engine = runtime.version()[:_LONGEST_ENGINE]
    sandbox_images.admit(runtime, image_id)
    with platform.database.read() as session:
        known = rows.selftest(session, image_id, platform.host)
    fresh = known is not None and known.at > platform.clock() - MAX_AGE_S
    if known is not None and fresh and known.passed and known.engine == engine:
        return known.digest
    beat()
    result = run(platform, image_id)
    if not result.passed:
        raise ControlMissing("selftest_failed", "the isolation self-test does not pass here")
    return result.digest


def run(platform: Site, image_id: str) -> SelfTest:
    """Run the self-test in a container made like a real run's, and remember the result."""
    runtime = DockerRuntime()
    result = selftest.run(
        runtime,
        image_id,
        owner=images.owner(platform),
        run_root=platform.settings.run_root,
        oci_runtime=platform.settings.sandbox_runtime,
    )
    now = platform.clock()
    with platform.database.write() as session:
        rows.put_selftest(
            session,
            rows.SelfTest(
                image=image_id,
                host=platform.host,
                engine=runtime.version()[:_LONGEST_ENGINE],
                digest=result.digest,
                passed=result.passed,
                at=now,
            ),
            Act("operator", "self-test", now),
        )
    return result
