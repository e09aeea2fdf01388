"""Reconciling: what this host's engine and run folder hold, held against the records.

Whoever holds the engine does it, at start and every few seconds: each process of the embedded
default, the launcher where there is one.
"""

import logging

from harness.records import runs
from harness.services import states
from harness.services.platform import images
from harness.services.platform.opening import Site
from sandbox.container import reaper, rundir
from sandbox.container.runtime import ContainerRuntime
from sandbox.errors import PlatformFault

_log = logging.getLogger(__name__)


def reconcile(site: Site, runtime: ContainerRuntime) -> None:
    """Remove containers whose run is known and over, and folders that nobody holds."""

    def is_live(run_id: str, attempt: int) -> bool | None:
        with site.database.read() as session:
            run = runs.get(session, run_id)
        return None if run is None else may_have_container(site, run, attempt)

    try:
        reaper.reap(runtime, images.owner(site), is_live)
    except PlatformFault as fault:
        _log.warning("nothing reaped code=%s", fault.code)
    try:
        rundir.sweep(site.settings.run_root)
    except OSError as error:
        _log.warning("run directories not swept code=%s", error.errno)


def may_have_container(site: Site, run: runs.Run, attempt: int) -> bool:
    """Whether a run is in hands that live, in the one state and attempt that has a container."""
    if run.state != states.Run.RUNNING or run.attempt != attempt:
        return False
    return run.lease_until is not None and run.lease_until > site.clock()
