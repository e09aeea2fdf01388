"""What the attack tests ask of a verdict."""

from harness.tlog import trust_root
from harness.tlog.verify import verify
from tests.unit.harness.tlog.chain import root_bytes

PIN = trust_root.digest(root_bytes())


def failures(story, **changes):
    """Names of the checks that a story's bundle fails; it must fail, and not by our fault."""
    verdict = verify(story.bundle(**changes), PIN)
    assert not verdict.passed
    assert not any(c.detail == "could not be evaluated" for c in verdict.checks)
    return set(verdict.failures)
