"""Carrying a run from the queue to its slot: sandbox, gate, signature.

The worker holds the run until its slot; levels wait in memory. Whatever goes wrong on the way
ends the run FAILED with a constant, at the slot.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from harness.disclosure import gate, metrics
from harness.disclosure.cells import Cell, Total
from harness.disclosure.errors import Reason, Refused
from harness.errors import HarnessError
from harness.records import runs
from harness.services import states
from harness.services.agreements import shape
from harness.services.platform import noise
from harness.services.platform.opening import Platform
from harness.services.release import kept, sign
from harness.services.runs import timing
from harness.services.runs.claim import claim
from harness.services.runs.finish import end
from harness.services.runs.perform import Performed, perform

_log = logging.getLogger(__name__)
_LOOK_S: Final = 0.2
_TURN_S: Final = 0.05

Observer = Callable[[tuple[Cell, ...], tuple[Total, ...]], None]


def execute(platform: Platform, run_id: str, observe: Observer | None = None) -> None:
    """Claim a queued run and carry it to its end. Returns at once when it is not to be had.

    `observe` sees the exact totals before the gate; only a test in its own process can pass it.
    """
    try:
        held = claim(platform, run_id)
    except HarnessError as error:
        # It stays queued and expires by itself, with a refund; nothing has started.
        _log.error("not claimed run=%s code=%s", run_id, error.code)
        return
    if held is None:
        return
    # Whatever escapes must not carry an exception's text anywhere: it may quote a guest.
    failed = False
    done: Performed | None = None
    try:
        done = perform(platform, held)
        if done is not None:
            if observe is not None:
                _show(platform, done, observe)
            _release(platform, done)
    except Refused as refusal:
        _log.warning("refused by the gate run=%s code=%s", run_id, refusal.reason.value)
        failed = True
    except HarnessError as error:
        _log.warning("run failed run=%s code=%s", run_id, error.code)
        failed = True
    except Exception as error:  # noqa: BLE001 - its text may hold what must not leave
        _log.error("run failed run=%s kind=%s", run_id, type(error).__name__)
        failed = True
    if failed:
        _fail(platform, run_id, held.worker)


def _show(platform: Platform, done: Performed, observe: Observer) -> None:
    cells = shape.declared_cells(done.claim.protocol)
    plan = shape.plan_of(done.claim.manifest, done.claim.protocol.harness.epochs)
    other = kept.other_totals(platform.vault, done.claim)
    observe(cells, metrics.aggregate(_rows(done), plan, cells, other))


def _rows(done: Performed) -> list[metrics.Row]:
    return [(score.sample, score.epoch, score.values) for score in done.scores]


def judge(done: Performed, other: Mapping[str, Fraction] | None = None) -> gate.Released:
    """What may leave of a run's scores; `other` are sums of the run it is compared with.

    Raises Refused when nothing may.
    """
    held = done.claim
    protocol = held.protocol
    return gate.release_rows(
        _rows(done),
        shape.plan_of(held.manifest, protocol.harness.epochs),
        shape.declared_cells(protocol),
        shape.policy_of(protocol),
        charged=int(held.run.alphabet),
        findings=gate.Findings(failed=done.receipt.vendor_errors),
        draw=noise.draw,
        other=other or {},
    )


def slot_of(done: Performed) -> float:
    """The slot of a release, in seconds since the Unix epoch.

    Raises Refused for a slot that is not in the alphabet that was charged: a later one.
    """
    run = done.claim.run
    if done.slot > timing.last_slot(run.start_by, run.wall_clock_s, run.grid_s, run.slot_at):
        raise Refused(Reason.NOT_CHARGED)
    return done.slot


def _release(platform: Platform, done: Performed) -> None:
    """Judge, wait for slot and turn, sign. Raises Refused when nothing may leave."""
    released = judge(done, kept.other_totals(platform.vault, done.claim))
    slot = slot_of(done)
    _hold(platform, done, slot)
    waiting = threading.Event()
    while not _signed(platform, done, released, slot):
        done.lease.beat()
        waiting.wait(_TURN_S)


def _signed(platform: Platform, done: Performed, released: gate.Released, slot: float) -> bool:
    """Sign, unless another run has to be logged first.

    Reports of one slot are logged in the order of the runs' ids: who is first must not depend on
    how long a run took. One whose worker has died is waited for until its lease is over.
    """
    with platform.database.write() as session:
        if runs.waits_before(session, done.claim.run.id, slot, platform.clock()):
            return False
        sign.sign(session, platform, done, released, slot)
    return True


def _hold(platform: Platform, done: Performed, slot: float) -> None:
    waiting = threading.Event()
    # A stop that comes now is too late, the gateway is closed; a lost lease shows when signing.
    while (left := slot - platform.clock()) > 0:
        done.lease.beat()
        waiting.wait(min(left, _LOOK_S))


def _fail(platform: Platform, run_id: str, worker: str) -> None:
    with platform.database.write() as session:
        run = runs.get(session, run_id)
        if run is None or run.worker != worker or run.state in states.TERMINAL_RUNS:
            return
        end(session, platform, run, states.Run.FAILED, "not_released", worker=worker)
