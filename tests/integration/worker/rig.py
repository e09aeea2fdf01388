"""One data folder, a vendor that waits, and real workers on it."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import docker

from harness import queue
from harness.records import audit, ledger, log, runs
from harness.records import platform as platform_rows
from harness.services.access import Actor
from harness.services.agreements.terms import Terms
from harness.services.platform import images, sequencer
from harness.services.publication import bundles, sequence
from harness.services.runs import reserve
from harness.services.states import TERMINAL_RUNS
from harness.tlog.verify import verify
from sandbox.container.docker import DockerRuntime
from tests.integration.gateway.scripted_vendor import ScriptedVendor
from tests.integration.worker.process_tree import WorkerTree
from tests.support import world as worlds
from tests.support.scripted import right
from tests.support.waiting import until

# Calls are slow here on purpose, clocks are not.
LEASE_S, SWEEP_S = 5, 1
SAMPLES = 20
# What the suite asks of its container, and what the engine is to make of it.
ASKS = "limits: {memory_mib: 640, cpus: 2, processes: 96}"
ASKED = (640 * 1024 * 1024, 2_000_000_000, 96)
TERMS = Terms(
    run_wall_clock_s=60, start_within_s=60, grid_s=1, runs=4, release="on_completion", concurrency=4
)


async def held(wire, seen):
    """Answer rightly, but not before the test lets all calls go."""
    await wire.released.wait()
    await right(wire, seen)


class Rig:
    """Everything a test of workers needs; `close` leaves nothing behind.

    Settings such as `database_url` and `broker_url` hold for the workers, too.
    """

    def __init__(self, folder: Path, image: str, **settings: str) -> None:
        self.log = folder / "worker.log"
        self.vendor = ScriptedVendor(default=held)
        # Unix sockets allow no long paths.
        self.run_root = Path(f"/run/assay-test-{secrets.token_hex(4)}")
        self.workers: list[WorkerTree] = []
        self.world = worlds.make(
            folder / "data", run_root=self.run_root, lease_s=LEASE_S, sweep_s=SWEEP_S, **settings
        )
        self.platform = self.world.platform
        self.database = self.platform.database
        self.app = queue.celery(self.platform.settings)
        self.world.image(image)
        self.world.model(self.vendor.base_url)
        questions = worlds.simple_questions(SAMPLES)
        self.suite = self.world.suite(worlds.suite_files(questions, asks=ASKS))

    @property
    def environment(self) -> dict[str, str]:
        settings = self.platform.settings
        return {
            "PATH": os.environ["PATH"],
            "ASSAY_DATA_DIR": str(settings.data_dir),
            "ASSAY_DATABASE_URL": settings.database_url,
            "ASSAY_BROKER_URL": settings.broker_url,
            "ASSAY_RUN_ROOT": str(settings.run_root),
            "ASSAY_LAUNCHER": settings.launcher,
            "ASSAY_LEASE_S": str(LEASE_S),
            "ASSAY_SWEEP_S": str(SWEEP_S),
        }

    def start(self, **environment: str) -> WorkerTree:
        tree = WorkerTree(self.environment | environment, self.log)
        self.workers.append(tree)
        return tree

    def assay(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one command on this data folder."""
        return subprocess.run(
            (sys.executable, "-m", "harness.cli.main", *words),
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start_run(self, protocol: str) -> str:
        """Reserve a run as the command does, and nudge a worker."""
        with self.database.write() as session:
            auditor = Actor(worlds.AUDITOR, "auditor")
            run = reserve.reserve(session, self.platform, auditor, protocol)
        sequence.publish(self.platform, self.app)
        return run.id

    def runs_of(self, protocol: str) -> list[runs.Run]:
        with self.database.read() as session:
            return list(runs.of_protocol(session, protocol))

    def run(self, run_id: str) -> runs.Run:
        with self.database.read() as session:
            return runs.get(session, run_id)

    def wait_for(self, run_id: str, *states: str, seconds: float = 60) -> runs.Run:
        """The run, once it is in one of the states."""

        def there() -> runs.Run | None:
            run = self.run(run_id)
            assert run.state in states or run.state not in TERMINAL_RUNS, (run.state, run.category)
            return run if run.state in states else None

        return until(there, seconds, f"run in {', '.join(states)}")

    def wait_until_asked(self, calls: int) -> None:
        """Wait until the vendor has been asked so often."""
        until(lambda: len(self.vendor.seen) >= calls, 60, f"{calls} calls to the vendor")

    def containers(self) -> list[str]:
        return [found.name for found in DockerRuntime().list(images.owner(self.platform))]

    def limits(self) -> list[tuple[int, int, int]]:
        """Memory in bytes, processors in billionths and processes, as the engine enforces them."""
        engine = docker.APIClient(version="auto")
        found = [engine.inspect_container(name)["HostConfig"] for name in self.containers()]
        engine.close()
        return [(one["Memory"], one["NanoCpus"], one["PidsLimit"]) for one in found]

    def run_dirs(self) -> list[Path]:
        return list(self.run_root.iterdir()) if self.run_root.is_dir() else []

    def statements(self, kind: str, run_id: str) -> list[log.Statement]:
        with self.database.read() as session:
            return list(log.find(session, kind, run=run_id))

    def entries(self, run_id: str) -> list[str]:
        """What the ledger says of a run."""
        with self.database.read() as session:
            rows = ledger.of_model(session, worlds.MODEL)
            return [row.kind for row in rows if row.run == run_id]

    def actions(self, run_id: str) -> list[str]:
        """What the audit trail says of a run."""
        with self.database.read() as session:
            return [row.action for row in audit.trail(session, f"run:{run_id}")]

    def seen_workers(self) -> int:
        with self.database.read() as session:
            return len(platform_rows.workers(session, 0.0))

    def check_nothing_was_released(self, run_id: str) -> None:
        assert self.run(run_id).report is None
        assert self.statements("report", run_id) == []
        with self.database.read() as session:
            bodies = [item.body for item in session.query(log.Document).filter_by(kind="report")]
        assert not [body for body in bodies if run_id.encode() in body]

    def report(self, run_id: str) -> dict[str, Any]:
        """The released report, as a reader gets it."""
        with self.database.read() as session:
            regulator = Actor(worlds.REGULATOR, "regulator")
            return json.loads(bundles.report_of(session, self.platform, regulator, run_id))

    def check_log(self) -> int:
        with self.database.read() as session:
            return sequencer.check_log(session, self.platform)

    def check_released(self, run_id: str) -> None:
        """A report whose bundle a stranger with the pin accepts."""
        # The worker ends the run and logs its report in one transaction.
        self.world.settle()
        with self.database.read() as session:
            regulator = Actor(worlds.REGULATOR, "regulator")
            bundle = bundles.bundle_of(session, self.platform, regulator, run_id)
        verdict = verify(bundle, self.platform.trust_root_digest)
        assert verdict.passed, verdict.failures
        assert self.entries(run_id) == ["charge"]
        assert len(self.statements("run-end", run_id)) == 1

    def close(self) -> None:
        self.vendor.release()
        try:
            for tree in self.workers:
                tree.kill()
            runtime = DockerRuntime()
            for found in runtime.list(images.owner(self.platform)):
                runtime.remove(found.id)
        finally:
            self.app.close()
            self.database.close()
            self.vendor.stop()
            shutil.rmtree(self.run_root, ignore_errors=True)
