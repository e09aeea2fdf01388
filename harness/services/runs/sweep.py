"""The sweep: what every process does now and then so that nothing stays stuck.

Safe to run in any number of processes at once: each step is a compare-and-swap on a row.
"""

from celery import Celery

from harness import queue
from harness.records import runs
from harness.services import states
from harness.services.platform.opening import Platform
from harness.services.runs import reconcile
from harness.services.runs.finish import end
from sandbox.container.docker import DockerRuntime

_OPEN = (states.Run.RESERVED, states.Run.QUEUED)
_GRACE_S = 2.0


def sweep(platform: Platform, app: Celery | None = None) -> None:
    """End runs whose worker died or whose time has passed, reconcile, and nudge what waits."""
    _end_lost(platform)
    _expire(platform)
    if not platform.settings.launcher:
        # Where there is a launcher, this process has no engine.
        reconcile.reconcile(platform, DockerRuntime())
    if app is not None:
        _nudge(platform, app)


def _end_lost(platform: Platform) -> None:
    with platform.database.write() as session:
        now = platform.clock()
        for run in runs.in_states(session, states.LEASED_RUNS):
            if run.lease_until is None or run.lease_until > now:
                continue
            # Whether a reply had reached the guest died with the worker: once the gateway may
            # have been open, the slot counts.
            preflight = run.state == states.Run.PREFLIGHT
            after = states.Run.INVALID_INFRA if preflight else states.Run.FAILED
            end(session, platform, run, after, "worker_lost")


def _expire(platform: Platform) -> None:
    with platform.database.write() as session:
        for run in runs.in_states(session, _OPEN):
            if platform.clock() > run.start_by:
                end(session, platform, run, states.Run.EXPIRED, run.category or "not_started")


def _nudge(platform: Platform, app: Celery) -> None:
    now = platform.clock()
    with platform.database.read() as session:
        waiting = [
            run.id
            for run in runs.in_states(session, (states.Run.QUEUED,))
            if now - run.reserved_at > _GRACE_S
        ]
    queue.nudge_again(app, waiting)
