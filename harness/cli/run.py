"""`assay run`: start, watch and stop a run."""

import time
from dataclasses import asdict
from typing import Annotated

import typer

from harness.cli import output
from harness.cli.context import actor, opened, operator, settle
from harness.cli.files import Org
from harness.services.access import Actor
from harness.services.platform.opening import Platform
from harness.services.runs import reserve, view
from harness.services.runs.view import View

app = typer.Typer(help="Runs of an agreed protocol.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="Run id, or the beginning of it.", metavar="RUN")]
Wait = Annotated[
    bool,
    typer.Option("--wait", help="Wait until the outcome shows; exit status 1 unless RELEASED."),
]
_LOOK_S = 1.0


@app.command("start")
def start(
    protocol_id: Annotated[
        str, typer.Argument(help="Protocol id, or the beginning of it.", metavar="PROTOCOL")
    ],
    org: Org,
    *,
    wait: Wait = False,
    as_json: output.Json = False,
) -> None:
    """Reserve a run slot, have it logged, and queue it for a worker."""
    with opened() as platform:
        who = actor(platform, org)
        with platform.database.write() as session:
            run = reserve.reserve(session, platform, who, protocol_id)
        settle(platform)
        seen = watch(platform, who, run.id) if wait else look(platform, who, run.id)
    _show(seen, [], as_json=as_json)
    _leave(seen, wait=wait)


@app.command("status")
def status(
    run_id: Id,
    org: Annotated[
        str | None,
        typer.Option("--org", help="Who looks; the operator by default.", metavar="NAME"),
    ] = None,
    *,
    wait: Wait = False,
    as_json: output.Json = False,
) -> None:
    """Show how a run stands: an auditor sees the clock, vendor and operator see inside."""
    with opened() as platform:
        who = operator(platform) if org is None else actor(platform, org)
        seen = watch(platform, who, run_id) if wait else look(platform, who, run_id)
        hints = view.hints(platform, seen)
    _show(seen, hints, as_json=as_json)
    _leave(seen, wait=wait)


@app.command("cancel")
def cancel(run_id: Id, org: Org, *, as_json: output.Json = False) -> None:
    """Stop a run. It counts as an attempt unless nothing of the model's was used."""
    with opened() as platform:
        who = actor(platform, org)
        with platform.database.write() as session:
            run = view.stop(session, platform, who, run_id)
        settle(platform)
        seen = look(platform, who, run.id)
    _show(seen, [], as_json=as_json)


def look(platform: Platform, who: Actor, run_id: str) -> View:
    """A run as it stands."""
    with platform.database.read() as session:
        return view.view(session, platform, who, run_id)


def watch(platform: Platform, who: Actor, run_id: str) -> View:
    """Wait for a run's outcome, with the progress that this actor may see."""
    with output.progress() as show:
        while True:
            seen = look(platform, who, run_id)
            show(*_stand(seen, platform.clock()))
            if seen.outcome != "PENDING":
                return seen
            time.sleep(_LOOK_S)


def _stand(seen: View, now: float) -> tuple[str, float, float]:
    """What happens, how much of it is done, of how much: by the clock for whoever sees no more."""
    if seen.inside is not None and seen.inside.started_at is not None and seen.samples:
        text = f"{seen.inside.state.lower()}: {seen.inside.rows} of {seen.samples} samples"
        return text, seen.inside.rows, seen.samples
    text = f"waiting, until {output.moment(seen.expected_by)} at the latest"
    total = max(seen.expected_by - seen.reserved_at, 1.0)
    return text, min(now - seen.reserved_at, total), total


def _leave(seen: View, *, wait: bool) -> None:
    if wait and seen.outcome != "RELEASED":
        raise typer.Exit(1)


def _show(seen: View, hints: list[str], *, as_json: bool) -> None:
    if as_json:
        output.data({**asdict(seen), "hints": hints})
        return
    rows = [
        ("run", seen.id),
        ("protocol", seen.protocol),
        ("attempt", str(seen.ordinal)),
        ("outcome", seen.outcome),
        ("reserved", output.moment(seen.reserved_at)),
        ("ends by", output.moment(seen.expected_by)),
    ]
    if seen.inside is not None:
        rows += [
            ("state", seen.inside.state),
            ("category", seen.inside.category or "-"),
            ("calls", str(seen.inside.requests)),
            ("samples", f"{seen.inside.rows} of {seen.samples}"),
        ]
    output.fields([*rows, *(("note", hint) for hint in hints)])
