"""What entitles a call: a run of this host, in the right state and attempt, in hands that live.

The container is made of what both parties signed and of this host's settings. Whoever asks adds
nothing to it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from sqlalchemy.orm import Session

from evals import wire
from evals.manifest import Limits
from harness.documents import envelope as dsse
from harness.documents import statements
from harness.documents.fields import instant
from harness.documents.protocol import Protocol
from harness.documents.signer import KeyInvalid, PublicKey, SignatureInvalid
from harness.errors import HarnessError
from harness.records import log, parties, protocols, runs
from harness.services import states
from harness.services.agreements import agree
from harness.services.platform import caps, images
from harness.services.platform.opening import Site
from harness.services.runs import compile as compiling
from harness.services.runs import timing
from harness.services.runs.claim import host_prefix
from sandbox.container import calls, rundir
from sandbox.container.calls import Call
from sandbox.errors import PlatformFault
from sandbox.spec import ContainerSpec

# What needs a run that is live, and in which state. Ending something is allowed later, too.
_STATES: Final[Mapping[str, str]] = {
    calls.PREFLIGHT: states.Run.PREFLIGHT,
    calls.FOLDER: states.Run.RUNNING,
    calls.CREATE: states.Run.RUNNING,
    calls.START: states.Run.RUNNING,
}


def check(site: Site, call: Call) -> None:
    """Raise PlatformFault with a constant code unless the call may be carried out now."""
    with _records(site) as session:
        _judge(site, runs.get(session, call.run), call)


def image_of(site: Site, call: Call) -> str:
    """The image that both parties signed for a run. Raises as `check`."""
    with _records(site) as session:
        return _signed(session, _judge(site, runs.get(session, call.run), call)).suite.image


def spec_of(site: Site, call: Call) -> ContainerSpec:
    """The one container that the call may mean. Raises as `check`."""
    with _records(site) as session:
        run = _judge(site, runs.get(session, call.run), call)
        protocol = _signed(session, run)
    if (call.phase == wire.JOINED) != (protocol.harness.phases == wire.JOINED):
        raise PlatformFault("phase_not_agreed")
    if any(caps.over(Limits(**protocol.harness.limits.model_dump()), site.settings)):
        raise PlatformFault("limits_over_cap")
    slot = run.worker_slot
    # Slot and user are one: another number would be another user's, root's among them.
    if slot is None or not 0 <= slot < site.settings.worker_slots:
        raise PlatformFault("slot_invalid")
    started = site.clock() if run.started_at is None else run.started_at
    return ContainerSpec(
        run=run.id,
        attempt=run.attempt,
        owner=images.owner(site),
        image=protocol.suite.image,
        slot=slot,
        run_dir=rundir.place(site.settings.run_root, run.id, run.attempt, call.phase),
        deadline=min(
            timing.call_deadline(started, run.wall_clock_s),
            instant(protocol.budget.window.end).timestamp(),
        ),
        limits=compiling.limits(protocol),
        runtime=site.settings.sandbox_runtime,
        phase=call.phase,
    )


@contextmanager
def _records(site: Site) -> Iterator[Session]:
    try:
        with site.database.read() as session:
            yield session
    except HarnessError as error:
        code = error.code
    else:
        return
    raise PlatformFault(f"records_{code}")


def _judge(site: Site, run: runs.Run | None, call: Call) -> runs.Run:
    if run is None:
        raise PlatformFault("run_unknown")
    if not (run.worker or "").startswith(host_prefix(site)):
        raise PlatformFault("run_elsewhere")
    needed = _STATES.get(call.name)
    if needed is None:
        if call.attempt > run.attempt:
            raise PlatformFault("attempt_unknown")
        return run
    if call.attempt != run.attempt:
        raise PlatformFault("attempt_over" if call.attempt < run.attempt else "attempt_unknown")
    if run.state != needed:
        raise PlatformFault("run_not_in_state")
    if run.lease_until is None or run.lease_until <= site.clock():
        raise PlatformFault("lease_over")
    return run


def _signed(session: Session, run: runs.Run) -> Protocol:
    """The run's protocol, when its bytes carry the signature of both parties."""
    row = protocols.get(session, run.protocol)
    if row is None:
        raise PlatformFault("protocol_not_signed")
    protocol = agree.document(session, row)
    rows = log.find(session, "protocol-approval", protocol=row.id)
    for party in (protocol.parties.auditor, protocol.parties.vendor):
        key = parties.key(session, party.key_id)
        if key is None or key.organisation != party.organisation:
            raise PlatformFault("protocol_not_signed")
        if not any(_approves(one.envelope, key.public_pem, row.digest) for one in rows):
            raise PlatformFault("protocol_not_signed")
    return protocol


def _approves(envelope: bytes, public_pem: str, digest: str) -> bool:
    try:
        sealed = dsse.parse(envelope)
        statement = statements.parse(sealed.payload, "protocol-approval")
        sealed.verify(PublicKey.from_pem(public_pem.encode()))
    except (dsse.EnvelopeError, statements.StatementError, KeyInvalid, SignatureInvalid):
        return False
    return statement.subjects == {"protocol": digest}
