"""What the launcher does for whom: nothing but a live run's own container, as it was signed."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from harness.records import log, protocols, runs
from harness.services.launcher import warrant
from harness.services.platform import images
from harness.services.runs import timing
from harness.services.states import Run
from sandbox.container import calls, rundir
from sandbox.container.calls import Call
from sandbox.errors import PlatformFault
from sandbox.spec import Limits
from tests.integration.services.launcher.conftest import LEASE_S
from tests.support import world as worlds

MIB = 1024 * 1024
MAKING = (calls.FOLDER, calls.CREATE, calls.START)
ENDING = (calls.WAIT, calls.INSPECT, calls.KILL, calls.REMOVE)


def of(run_id, name=calls.CREATE, attempt=2, phase="joined"):
    return Call(name, run_id, attempt, phase)


def refused(look, site, call):
    with pytest.raises(PlatformFault) as caught:
        look(site, call)
    return caught.value.code


def test_a_container_is_what_was_signed_and_what_the_host_says(office, put):
    run_id = put(Run.RUNNING)
    spec = warrant.spec_of(office, of(run_id))
    with office.database.read() as session:
        run = runs.get(session, run_id)
    assert (spec.run, spec.attempt, spec.slot, spec.phase) == (run_id, 2, 1, "joined")
    assert (spec.image, spec.owner) == (worlds.IMAGE, images.owner(office))
    assert spec.run_dir == rundir.place(office.settings.run_root, run_id, 2, "joined")
    assert spec.deadline == timing.call_deadline(run.started_at, run.wall_clock_s)
    assert (spec.runtime, spec.command) == ("runc", ())
    assert spec.limits == Limits(
        memory_bytes=640 * MIB,
        cpus=2.0,
        pids=96,
        tmpfs_bytes=300 * MIB,
        fsize_bytes=300 * MIB,
        cpu_seconds=99,
    )


def test_a_cap_that_was_lowered_after_the_signatures_holds(office, put):
    call = of(put(Run.RUNNING))
    assert warrant.spec_of(office, call)
    lowered = office.settings.model_copy(update={"max_scratch_mib": 299})
    stricter = replace(office, settings=lowered)
    assert refused(warrant.spec_of, stricter, call) == "limits_over_cap"


@pytest.mark.parametrize("name", MAKING)
@pytest.mark.parametrize("state", [Run.QUEUED, Run.PREFLIGHT, Run.RECONCILING, Run.FAILED])
def test_nothing_is_made_for_a_run_that_is_not_running(office, put, name, state):
    assert refused(warrant.check, office, of(put(state), name)) == "run_not_in_state"
    warrant.check(office, of(put(Run.RUNNING), name))


def test_a_preflight_is_for_a_run_that_is_in_it(office, put):
    assert warrant.image_of(office, of(put(Run.PREFLIGHT), calls.PREFLIGHT)) == worlds.IMAGE
    call = of(put(Run.RUNNING), calls.PREFLIGHT)
    assert refused(warrant.image_of, office, call) == "run_not_in_state"


@pytest.mark.parametrize("name", [*MAKING, *ENDING])
def test_an_unknown_run_and_one_of_another_host(office, put, name):
    assert refused(warrant.check, office, of("f" * 16, name)) == "run_unknown"
    for worker in ("elsewhere:1:abcd", f"{office.host}-2:1:abcd", None):
        run_id = put(Run.RUNNING, worker=worker)
        assert refused(warrant.check, office, of(run_id, name)) == "run_elsewhere"


@pytest.mark.parametrize("name", MAKING)
def test_another_attempt(office, put, name):
    run_id = put(Run.RUNNING)
    assert refused(warrant.check, office, of(run_id, name, attempt=1)) == "attempt_over"
    assert refused(warrant.check, office, of(run_id, name, attempt=3)) == "attempt_unknown"


@pytest.mark.parametrize("name", MAKING)
def test_a_lease_that_is_over(office, put, later, name):
    run_id = put(Run.RUNNING)
    warrant.check(later(LEASE_S - 1), of(run_id, name))
    assert refused(warrant.check, later(LEASE_S + 1), of(run_id, name)) == "lease_over"
    run_id = put(Run.RUNNING, lease_until=None)
    assert refused(warrant.check, office, of(run_id, name)) == "lease_over"


@pytest.mark.parametrize("name", ENDING)
def test_what_is_over_may_still_be_ended(office, put, later, name):
    warrant.check(later(LEASE_S + 1), of(put(Run.FAILED), name, attempt=1))
    assert refused(warrant.check, office, of(put(Run.RUNNING), name, 3)) == "attempt_unknown"


@pytest.mark.parametrize("slot", [-20_000, -1, 2, 45_535, None])
def test_a_slot_that_is_none_of_the_hosts(office, put, slot):
    # User 20000 - 20000 would be root.
    assert refused(warrant.spec_of, office, of(put(Run.RUNNING, worker_slot=slot))) == (
        "slot_invalid"
    )


@pytest.mark.parametrize("phase", ["generate", "score"])
def test_a_phase_that_was_not_agreed(office, put, phase):
    call = of(put(Run.RUNNING), phase=phase)
    assert refused(warrant.spec_of, office, call) == "phase_not_agreed"


def damage_one_signature(session, protocol):
    row = log.find(session, "protocol-approval", protocol=protocol)[1]
    row.envelope = row.envelope.replace(b'"sig":"', b'"sig":"AAAA')


def forget_one_signature(session, protocol):
    first, second = log.find(session, "protocol-approval", protocol=protocol)
    second.envelope = first.envelope


def forget_a_key(session, _protocol):
    session.execute(text("UPDATE organisation_keys SET organisation = 'example-regulator'"))


@pytest.mark.parametrize("harm", [damage_one_signature, forget_one_signature, forget_a_key])
@pytest.mark.parametrize("look", [warrant.spec_of, warrant.image_of])
def test_a_protocol_that_not_both_have_signed(office, put, world, harm, look):
    name, state = {
        warrant.spec_of: (calls.CREATE, Run.RUNNING),
        warrant.image_of: (calls.PREFLIGHT, Run.PREFLIGHT),
    }[look]
    call = of(put(state), name)
    assert look(office, call)
    with world.platform.database.write() as session:
        harm(session, world.protocol)
    assert refused(look, office, call) == "protocol_not_signed"


def test_bytes_that_are_not_those_that_were_signed(office, put, world):
    call = of(put(Run.RUNNING))
    with world.platform.database.write() as session:
        row = log.document(session, protocols.get(session, world.protocol).digest)
        other = "sha256:" + "66" * 32
        row.body = row.body.replace(worlds.IMAGE.encode(), other.encode())
    assert refused(warrant.spec_of, office, call) == "records_integrity"


def test_records_that_are_away(office, put, world):
    call = of(put(Run.RUNNING))
    world.platform.database.close()
    (world.platform.settings.data_dir / "assay.sqlite3").write_bytes(b"no database" * 1000)
    assert refused(warrant.check, office, call).startswith("records_")
