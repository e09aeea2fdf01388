"""A run carried to its slot without a container: real claim, real gate, real signature.

Only the sandbox is left out; the scores that it would have handed over are given.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.records import runs
from harness.records.base import Act
from harness.services import states
from harness.services.release import execute, kept, sign
from harness.services.runs import claim, perform, timing
from harness.services.runs import compile as compiling
from harness.services.runs.lease import Lease
from harness.services.runs.perform import Performed
from sandbox.spec import ModelGrant, Score, UsageReceipt
from tests.support.world import World

DIGEST = "sha256:" + "5e" * 32
Scorer = Callable[[int, object], int]


def three_of_four(sample: int, field) -> int:
    """The field's highest value for three samples of four, its lowest for the others."""
    return field.lo if sample % 4 == 3 else field.hi


def start(world: World, run_id: str) -> claim.Claim:
    """Claim a queued run and let it begin, as a worker does."""
    return _start(world, run_id)[0]


def _start(world: World, run_id: str) -> tuple[claim.Claim, ModelGrant]:
    held = claim.claim(world.platform, run_id)
    assert held is not None
    grant = perform._start(world.platform, held)
    assert grant is not None
    return held, grant


def release(
    world: World,
    run_id: str,
    score: Scorer = three_of_four,
    usage: Mapping[str, int] | None = None,
) -> float:
    """Carry a queued run to its report; its slot, in seconds since the epoch.

    The report is there from the slot on: set the world's clock to it. `usage` is what the gateway
    would have counted.
    """
    done = scored(world, run_id, score, usage)
    at_slot = at(world, done.slot).platform
    with at_slot.database.write() as session:
        other = kept.other_totals(at_slot.vault, done.claim)
        sign.sign(session, at_slot, done, execute.judge(done, other), done.slot)
    return done.slot


def scored(
    world: World,
    run_id: str,
    score: Scorer = three_of_four,
    usage: Mapping[str, int] | None = None,
) -> Performed:
    """Carry a queued run to where it waits for its slot."""
    held, grant = _start(world, run_id)
    now = world.platform.clock()
    slot = timing.visible_at(now, held.run.slot_at, held.run.grid_s)
    with world.platform.database.write() as session:
        act = Act("test", "scores complete", now)
        before, after = states.Run.RUNNING, states.Run.RECONCILING
        assert runs.move(session, run_id, before, after, act, worker=held.worker, visible_at=slot)
    scores = tuple(
        Score(index, epoch, tuple(score(index, field) for field in held.manifest.metrics))
        for index in range(len(held.manifest.samples))
        for epoch in range(held.protocol.harness.epochs)
    )
    return Performed(
        claim=held,
        lease=Lease(at(world, slot).platform, run_id, held.worker),
        agreed_digest=compiling.agreed_digest(grant),
        grant_digest=compiling.grant_digest(grant),
        selftest=DIGEST,
        scores=scores,
        receipt=UsageReceipt(
            held.protocol_row.digest,
            **(usage or {"requests": len(scores), "replies": len(scores)}),
        ),
        slot=slot,
    )


def at(world: World, now: float) -> World:
    """The same world with its clock standing at a moment."""
    return World(replace(world.platform, clock=lambda: now), world.keys)
