"""`assay run`: start, watch and stop a run."""

import time
from typing import Annotated, Any

import typer

from harness.cli import output, profiles
from harness.cli.client import Client, connected, segment
from harness.cli.watching import watch

app = typer.Typer(help="Runs of an agreed protocol.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="Run id, or the beginning of it.", metavar="RUN")]
Wait = Annotated[
    bool,
    typer.Option("--wait", help="Wait until the outcome shows; exit status 1 unless RELEASED."),
]


@app.command("start")
def start(
    protocol_id: Annotated[
        str, typer.Argument(help="Protocol id, or the beginning of it.", metavar="PROTOCOL")
    ],
    profile: profiles.Name = None,
    *,
    wait: Wait = False,
    as_json: output.Json = False,
) -> None:
    """Reserve a run slot, have it logged, and queue it for a worker (auditor)."""
    with connected(profile) as client:
        run = client.post(f"/protocols/{segment(protocol_id)}/runs")
        seen = _seen(client, run["id"], wait=wait)
    _show(seen, as_json=as_json)
    _leave(seen, wait=wait)


@app.command("list")
def list_(profile: profiles.Name = None, *, as_json: output.Json = False) -> None:
    """List the runs that you may see, the newest first."""
    with connected(profile) as client:
        found = client.all("/runs")
    if as_json:
        output.data(found)
    elif not found:
        output.say("no runs yet; an auditor starts one with `assay run start`")
    else:
        output.table(
            ("run", "protocol", "attempt", "outcome", "reserved"),
            [
                (
                    *(one["id"], one["protocol"], str(one["ordinal"]), one["outcome"]),
                    output.moment(one["reserved_at"]),
                )
                for one in found
            ],
        )


@app.command("status")
def status(
    run_id: Id,
    profile: profiles.Name = None,
    *,
    wait: Wait = False,
    as_json: output.Json = False,
) -> None:
    """Show how a run stands: an auditor sees the clock, vendor and operator see inside."""
    with connected(profile) as client:
        seen = _seen(client, run_id, wait=wait)
    _show(seen, as_json=as_json)
    _leave(seen, wait=wait)


@app.command("cancel")
def cancel(run_id: Id, profile: profiles.Name = None, *, as_json: output.Json = False) -> None:
    """Stop a run. It counts as an attempt unless nothing of the model's was used."""
    with connected(profile) as client:
        run = client.post(f"/runs/{segment(run_id)}/stop")
        seen = _seen(client, run["id"], wait=False)
    _show(seen, as_json=as_json)


def _seen(client: Client, run_id: str, *, wait: bool) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        found: dict[str, Any] = client.get(f"/runs/{segment(run_id)}")
        return found

    return watch(look, time.time) if wait else look()


def _leave(seen: dict[str, Any], *, wait: bool) -> None:
    if wait and seen["outcome"] != "RELEASED":
        raise typer.Exit(1)


def _show(seen: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.data(seen)
        return
    rows = [
        ("run", seen["id"]),
        ("protocol", seen["protocol"]),
        ("attempt", str(seen["ordinal"])),
        ("outcome", seen["outcome"]),
        ("reserved", output.moment(seen["reserved_at"])),
        ("ends by", output.moment(seen["expected_by"])),
    ]
    if (inside := seen["inside"]) is not None:
        rows += [
            ("state", inside["state"]),
            ("category", inside["category"] or "-"),
            ("calls", str(inside["requests"])),
            ("samples", f"{inside['rows']} of {seen['samples']}"),
        ]
    output.fields([*rows, *(("note", hint) for hint in seen["hints"])])
