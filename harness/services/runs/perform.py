"""Carrying a claimed run out: preflight, gateway and container, and what came of it.

No database transaction is open while the container runs; scores exist in memory only.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.documents.fields import instant
from harness.records import runs
from harness.records.base import Act
from harness.services import states
from harness.services.platform import caps, engine, images, noise, selftests
from harness.services.platform.opening import Platform
from harness.services.runs import compile as compiling
from harness.services.runs import timing
from harness.services.runs.claim import Claim, release_to_queue
from harness.services.runs.finish import SERVER, end
from harness.services.runs.lease import Lease
from harness.services.suites import open_archive
from sandbox import session as sandbox_session
from sandbox.container.remote import LauncherRuntime
from sandbox.errors import PlatformFault
from sandbox.spec import (
    CONTAINER_KILLED,
    Ending,
    ModelGrant,
    Score,
    SessionCallbacks,
    SessionResult,
    SessionSpec,
    UsageReceipt,
)

_log = logging.getLogger(__name__)

# Endings that count against the run even when no reply reached the guest.
_OWN_FAULT: Final[Mapping[Ending, str]] = {
    Ending.OVER_BUDGET: states.Run.OVER_BUDGET,
    Ending.GUEST_FAULT: states.Run.INVALID_SUITE,
    Ending.OOM: states.Run.INVALID_SUITE,
    Ending.DEADLINE: states.Run.FAILED,
    Ending.STOPPED: states.Run.ABORTED,
}


@dataclass(frozen=True, slots=True)
class Performed:
    """A run whose scores are complete and in memory, waiting for the gate.

    `agreed_digest` is for the report, `grant_digest` for the withheld receipt.
    """

    claim: Claim
    lease: Lease
    agreed_digest: str
    grant_digest: str
    selftest: str
    scores: tuple[Score, ...]
    receipt: UsageReceipt
    slot: float


def perform(platform: Platform, held: Claim) -> Performed | None:
    """Run a claimed suite. None when it did not complete: the run has ended or waits again."""
    lease = Lease(platform, held.run.id, held.worker)
    try:
        selftest = _preflight(platform, held, lease)
    except PlatformFault as fault:
        _log.warning("platform not ready run=%s code=%s", held.run.id, fault.code)
        release_to_queue(platform, held, fault.code)
        return None
    grant = _start(platform, held)
    if grant is None:
        return None
    result = _session(platform, held, grant, lease)
    if result.ending is Ending.COMPLETE and result.receipt is not None:
        with platform.database.write() as session:
            # Nobody else writes meanwhile: when a slot has come, all that wait for it are known.
            now = platform.clock()
            slot = timing.visible_at(now, held.run.slot_at, held.run.grid_s)
            moved = runs.move(
                session,
                held.run.id,
                states.Run.RUNNING,
                states.Run.RECONCILING,
                Act(SERVER, "scores complete", now),
                worker=held.worker,
                visible_at=slot,
            )
        if moved:
            agreed, exact = compiling.agreed_digest(grant), compiling.grant_digest(grant)
            return Performed(
                held, lease, agreed, exact, selftest, result.scores, result.receipt, slot
            )
        return None
    _end_early(platform, held, result)
    return None


def _preflight(platform: Platform, held: Claim, lease: Lease) -> str:
    """Digest of a self-test that the run's image has passed on this host."""
    limits = held.manifest.limits
    if any(caps.over(limits, platform.settings)):
        # Signed before the operator lowered a cap.
        raise PlatformFault("limits_over_cap")
    if any(caps.lacking(limits.memory_mib, limits.cpus)):
        # Another host may have it; the engine here would only refuse the container.
        raise PlatformFault("limits_over_host")
    if held.protocol.disclosure.differential_privacy is not None and not noise.available():
        raise PlatformFault("noise_missing")
    runtime = engine.runtime(platform.settings)
    if isinstance(runtime, LauncherRuntime):
        return runtime.preflight(held.run.id, held.run.attempt, lease.beat)
    return selftests.ensure(platform, held.protocol.suite.image, beat=lease.beat)


def _start(platform: Platform, held: Claim) -> ModelGrant | None:
    """Move to RUNNING and compile the grant; None when the run is no longer ours."""
    now = platform.clock()
    with platform.database.write() as session:
        if now > held.run.start_by or not runs.move(
            session,
            held.run.id,
            states.Run.PREFLIGHT,
            states.Run.RUNNING,
            Act(SERVER, "open the gateway", now),
            worker=held.worker,
            started_at=now,
            lease_until=now + platform.settings.lease_s,
        ):
            return None
    return grant_at(held, now)


def grant_at(held: Claim, now: float) -> ModelGrant:
    """What the gateway enforces of a run that starts now."""
    return compiling.grant(
        held.protocol,
        held.protocol_row.digest,
        held.manifest,
        held.model,
        run=held.run.id,
        run_start_index=held.run_start_index,
        checkpoint=held.checkpoint,
        not_before=now,
        not_after=timing.call_deadline(now, held.run.wall_clock_s),
    )


def _session(platform: Platform, held: Claim, grant: ModelGrant, lease: Lease) -> SessionResult:
    _, files = open_archive(held.archive)
    secret = platform.vault.open(held.model.credential)
    spec = SessionSpec(
        grant=grant,
        credentials={endpoint.role: secret for endpoint in grant.endpoints},
        image=held.protocol.suite.image,
        stages=compiling.stages(held.protocol, held.manifest, held.run.id, files),
        owner=images.owner(platform),
        attempt=held.run.attempt,
        slot=held.slot,
        run_root=platform.settings.run_root,
        limits=compiling.limits(held.protocol),
        runtime=platform.settings.sandbox_runtime,
    )
    callbacks = SessionCallbacks(
        progress=lease.progress, reply_reached=lambda: None, should_stop=lease.should_stop
    )
    return sandbox_session.run(spec, callbacks, engine.runtime(platform.settings))


def state_after(result: SessionResult, *, window_over: bool) -> str:
    """How a run ends that has no scores. Once a reply has reached the guest nothing is refunded.

    Nor once the vendor was asked, where the guest may have ended itself: that no reply has come so
    far tells how long the model takes, and a refund would tell it on, free of charge.
    `window_over`: not the run's wall clock but the agreed window has ended, so that the budget
    has expired.
    """
    after = _OWN_FAULT.get(result.ending, states.Run.INVALID_INFRA)
    if result.ending is Ending.DEADLINE and window_over:
        after = states.Run.OVER_BUDGET
    if result.code == CONTAINER_KILLED and (result.receipt is None or result.receipt.attempts):
        after = states.Run.FAILED
    given_back = {states.Run.INVALID_INFRA, states.Run.INVALID_SUITE}
    return states.Run.FAILED if result.reply_reached_guest and after in given_back else after


def _end_early(platform: Platform, held: Claim, result: SessionResult) -> None:
    window_end = instant(held.protocol.budget.window.end).timestamp()
    after = state_after(result, window_over=platform.clock() >= window_end)
    with platform.database.write() as session:
        run = runs.get(session, held.run.id)
        if run is None or run.worker != held.worker or run.state != states.Run.RUNNING:
            return
        if result.receipt is not None:
            # Progress is told twice a second; what the vendor may bill is more exact than that.
            run.requests = result.receipt.requests
        category = f"{result.ending}:{result.code}"[:40]
        if after == states.Run.ABORTED and run.stop_by is not None:
            category = f"stopped:{run.stop_by}"[:40]
        end(session, platform, run, after, category, worker=held.worker)
