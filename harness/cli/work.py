"""`assay worker`, `assay doctor`: running, and finding out why something does not."""

from dataclasses import asdict

import typer

from harness import config
from harness.cli import output
from harness.cli.supervise import Supervisor
from harness.services.platform import doctor as doctor_service
from harness.services.platform.opening import open_platform


def worker() -> None:
    """Carry runs out: supervises its worker process, sweeps for lost work, stops on Ctrl-C."""
    platform = open_platform(config.load())
    output.note(f"worker on {platform.host}, {platform.settings.worker_slots} runs at once")
    try:
        Supervisor(platform).run()
    finally:
        platform.database.close()


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
