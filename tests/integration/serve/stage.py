"""One data folder under `assay serve`, with a part that can be killed, and runs at each state."""

import math
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.records import log, runs
from harness.services import states
from harness.services.access import Actor
from harness.services.agreements.terms import Terms
from harness.services.runs import reserve
from harness.services.states import Run
from tests.integration.serve.served import Served
from tests.integration.worker.engine_door import EngineDoor, engine_socket
from tests.integration.worker.process_tree import children
from tests.integration.worker.rig import Rig
from tests.support import world as worlds
from tests.support.waiting import until

LEASE_S, STUCK_S, GRID_S = 4, 60, 10
TERMS = Terms(
    run_wall_clock_s=60, start_within_s=60, grid_s=1, runs=2, release="on_completion", concurrency=4
)
# So that a run surely waits for its slot for some seconds.
SLOTTED = TERMS.model_copy(update={"grid_s": GRID_S})
AUDITOR = Actor(worlds.AUDITOR, "auditor")


class Stage:
    """A served data folder with one worker slot. `server` is a broker or database, or None."""

    def __init__(self, folder: Path, image: str, server=None, **settings: str) -> None:
        self.folder = folder
        self.server = server
        self.rig = Rig(folder, image, **settings)
        self.door = EngineDoor(folder / "engine.sock", engine_socket())
        self.served: Served | None = None
        self._number = 0

    def start(self) -> None:
        """Start `assay serve` and wait until web and worker are there."""
        self._number += 1
        log_file = self.folder / f"serve-{self._number}.log"
        environment = self.rig.environment | {
            "DOCKER_HOST": self.door.host,
            "ASSAY_LEASE_S": str(LEASE_S),
            "ASSAY_WORKER_SLOTS": "1",
        }
        self.served = Served(log_file, self.rig.platform.settings.data_dir, **environment)
        self.heal()

    def heal(self) -> None:
        """Wait until every part is there again; nobody has to do anything for it."""
        self.served.wait_until_ready()
        until(self.pool, 90, "the worker's processes")

    def pool(self) -> list[int]:
        """The processes that carry runs out."""
        return [pid for worker in self.served.worker() for pid in children(worker)]

    def close(self) -> None:
        self.door.resume()
        self.rig.vendor.release()
        for log_file in sorted(self.folder.glob("serve-*.log")):
            # For the report of a test that failed.
            print(log_file.read_text(errors="replace")[-3000:])  # noqa: T201
        self.served.close()
        self.rig.close()
        self.door.shut()

    def agree(self, terms: Terms) -> str:
        return self.rig.world.agree(self.rig.suite, terms)

    def reserve(self, protocol: str, unlogged_s: float = 0.0) -> str:
        """Reserve a run and leave the rest to the processes, which log it after some seconds."""
        with self.rig.database.write() as session:
            run = reserve.reserve(session, self.rig.platform, AUDITOR, protocol)
            start = log.find(session, "run-start", run=run.id)[0]
            start.not_before = time.time() + unlogged_s
        return run.id

    @contextmanager
    def at(self, state: str) -> Iterator[list[str]]:
        """Runs of which the first has come to a state and stays there until the block ends."""
        rig = self.rig
        rig.vendor.hold()
        if state == Run.RESERVED:
            found = [self.reserve(self.agree(TERMS), unlogged_s=3)]
            assert rig.run(found[0]).state == state
            yield found
        elif state == Run.QUEUED:
            protocol = self.agree(TERMS)
            before = rig.start_run(protocol)
            rig.wait_for(before, Run.RUNNING)
            found = [rig.start_run(protocol), before]
            assert rig.run(found[0]).state == state
            yield found
        elif state == Run.PREFLIGHT:
            protocol = self.agree(TERMS)
            self.door.pause()
            found = [rig.start_run(protocol)]
            rig.wait_for(found[0], state)
            yield found
            self.door.resume()
        elif state == Run.RUNNING:
            asked = len(rig.vendor.seen)
            found = [rig.start_run(self.agree(TERMS))]
            until(lambda: len(rig.vendor.seen) > asked, 60, "a call to the vendor")
            assert rig.run(found[0]).state == state
            yield found
        elif state == Run.RECONCILING:
            found = [rig.start_run(self.agree(SLOTTED))]
            rig.wait_for(found[0], Run.RUNNING)
            # With most of the time to the next slot left.
            until(lambda: math.fmod(time.time(), GRID_S) < 1, GRID_S + 1, "a slot just passed")
            rig.vendor.release()
            rig.wait_for(found[0], state)
            yield found
        else:
            rig.vendor.release()
            found = [rig.start_run(self.agree(TERMS))]
            rig.wait_for(found[0], Run.RELEASED)
            yield found

    def settled(self, run_id: str) -> runs.Run | None:
        """The run once it has ended, its ending is in the log, and nothing of it is left."""
        with self.rig.database.read() as session:
            run = runs.get(session, run_id)
            waiting = [item for item in self._said(session, run_id) if item.index is None]
        left = self.rig.containers() or self.rig.run_dirs()
        ended = run.state in states.TERMINAL_RUNS and run.lease_until is None
        return run if ended and not waiting and not left else None

    def _said(self, session, run_id):
        kinds = ("run-start", "run-end", "run-refund", "report")
        return [item for kind in kinds for item in log.find(session, kind, run=run_id)]

    def check(self, run_id: str, endings: set[str], since: float) -> None:
        """One of the endings, once: in the row, the ledger, the log, the engine's diary."""
        run = until(lambda: self.settled(run_id), STUCK_S, f"run {run_id} settled")
        assert run.state in endings, (run.state, run.category)
        with self.rig.database.read() as session:
            said = [item.kind for item in self._said(session, run_id)]
        refunded = run.state in states.REFUNDED_RUNS
        ending = ["run-refund"] if refunded else ["run-end"]
        if run.state == Run.RELEASED:
            ending.append("report")
            self.rig.check_released(run_id)
        else:
            self.rig.check_nothing_was_released(run_id)
        assert said == ["run-start", *ending]
        assert self.rig.entries(run_id) == (["charge", "refund"] if refunded else ["charge"])
        assert self.rig.actions(run_id).count("claim run") == run.attempt <= 1
        assert len(created_containers(run_id, since)) <= 1
        self.rig.check_log()


def created_containers(run_id: str, since: float) -> list[str]:
    """Every container that was ever made for a run, by the engine's own diary."""
    label = f"label=org.assay.run={run_id}"
    between = (f"--since={int(since)}", f"--until={int(time.time()) + 1}")
    which = (f"--filter={label}", "--filter=event=create", "--format={{.Actor.ID}}")
    command = ("docker", "events", *between, *which)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
