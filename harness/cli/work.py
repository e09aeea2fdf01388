"""`assay worker`, `assay doctor`: running, and finding out why something does not."""

from dataclasses import asdict

import typer

from harness import config
from harness.cli import output
from harness.cli.serve import worker_name
from harness.cli.supervise import Supervisor
from harness.cli.supervise import worker as worker_child
from harness.services.platform import doctor as doctor_service
from harness.services.platform import logs
from harness.services.publication.desk import open_desk
from harness.services.publication.sweeper import sweeping


def worker() -> None:
    """Carry runs out: supervises its worker process, sweeps for lost work, stops on Ctrl-C."""
    settings = config.load()
    desk = open_desk(settings)
    logs.begin("worker")
    output.note(f"worker on {desk.platform.host}, {settings.worker_slots} runs at once")
    try:
        with sweeping(desk, worker_name(desk.platform)):
            Supervisor([worker_child(settings)]).run()
    finally:
        desk.close()


def doctor(*, as_json: output.Json = False) -> None:
    """Say what Assay needs on this machine, what is there, and which command helps."""
    with output.waiting("Looking around"):
        findings = doctor_service.examine(config.load())
    if as_json:
        output.data([asdict(finding) for finding in findings])
    else:
        output.table(
            ("what", "ok", "found", "what helps"),
            [(f.name, "yes" if f.ok else "NO", f.detail, f.remedy) for f in findings],
        )
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)
