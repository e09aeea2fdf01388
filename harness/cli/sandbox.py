"""`assay sandbox`: what isolation holds on this machine."""

from dataclasses import asdict

import typer

from harness.cli import output
from harness.cli.context import opened
from harness.services.platform import images, selftests

app = typer.Typer(help="The sandbox.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The sandbox."""


@app.command("selftest")
def selftest(*, as_json: output.Json = False) -> None:
    """Probe the isolation inside containers made like a real run's, and from outside of them."""
    with opened() as platform:
        image = images.newest(platform)
        with output.waiting("Probing the sandbox from inside and outside"), images.speaking():
            result = selftests.run(platform, image.id)
    if as_json:
        output.data(asdict(result))
    else:
        # What does not hold comes first, and of that what refuses runs.
        rows = sorted(result.probes, key=lambda one: (one.held, one.level, one.outside))
        output.table(
            ("probe", "seen from", "level", "holds", "detail"),
            [
                (
                    probe.name,
                    "outside" if probe.outside else "inside",
                    probe.level,
                    "yes" if probe.held else "NO",
                    probe.detail,
                )
                for probe in rows
            ],
        )
        held = sum(probe.held for probe in result.probes)
        output.say(f"{held} of {len(result.probes)} hold; digest {result.digest}")
        output.say("passed" if result.passed else "FAILED: a must does not hold")
    raise typer.Exit(0 if result.passed else 1)
