"""`assay ledger`: what has been spent, and a ledger made anew from the log."""

from dataclasses import asdict

import typer

from harness import config
from harness.cli import output
from harness.services.publication import rebuild as rebuilding

app = typer.Typer(help="What reports have cost, in bits.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """What reports have cost, in bits."""


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
