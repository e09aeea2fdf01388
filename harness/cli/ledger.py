"""`assay ledger`: what has been spent, and a ledger made anew from the log."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from harness import config
from harness.cli import output, profiles
from harness.cli.client import connected, segment
from harness.services.publication import rebuild as rebuilding

_LEDGERS: Final = {
    "model": "everybody",
    "owner_group": "all of one owner",
    "pair": "one auditor",
    "epsilon": "one auditor, epsilon",
}

app = typer.Typer(help="What reports have cost, in bits.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """What reports have cost, in bits."""


@app.command("show")
def show(
    model: Annotated[str, typer.Argument(help="Public name of the model.", metavar="MODEL")],
    profile: profiles.Name = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Show what reports about a model have cost in the last 365 days, and what is left.

    Against the usual caps: an agreement may sign others, which its own page shows.
    """
    with connected(profile) as client:
        rows = client.get(f"/models/{segment(model)}/ledger")
    if as_json:
        output.data(rows)
        return
    if not rows:
        output.say(f"nothing was spent about {model} in the last 365 days")
        return
    output.table(
        ("ledger", "of", "spent, in bits", "cap", "left", "first to leave the year"),
        [
            (
                _LEDGERS.get(row["ledger"], row["ledger"]),
                row["holder"] or model,
                row["spent"],
                str(row["cap"]),
                row["left"],
                _day(row["frees_at"]),
            )
            for row in rows
        ],
    )


def _day(at: int | None) -> str:
    return "-" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


@app.command("rebuild")
def rebuild(*, as_json: output.Json = False) -> None:
    """Make an older database fit the log and its copy again; stop every other process first.

    Entries that the database has forgotten come back from the log's copy, runs that are open in it
    are ended, and the ledger becomes what the log says. Changes nothing where all of it fits.
    """
    with output.waiting("Comparing log, copy and ledger"):
        rebuilt = rebuilding.rebuild(config.load())
    if as_json:
        output.data(asdict(rebuilt))
        return
    output.fields(
        [
            ("log", f"{rebuilt.log_size} entries, {rebuilt.entries} of them from its copy"),
            ("ledger", f"{rebuilt.charges} entries put right"),
            ("runs ended", str(rebuilt.ended)),
        ]
    )
