"""`assay org`, `assay model`: parties and what vendors offer."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from harness.cli import output
from harness.cli.context import actor, opened, operator
from harness.cli.files import Org, read
from harness.errors import InvalidInput
from harness.records import parties
from harness.services.parties import registry

app = typer.Typer(help="Organisations (operator).", no_args_is_help=True)
models = typer.Typer(help="Models of vendors.", no_args_is_help=True)


@app.command("add")
def add(
    name: Annotated[
        str, typer.Argument(help="Short name, for example `example-lab`.", metavar="NAME")
    ],
    role: Annotated[
        Literal["auditor", "vendor", "regulator", "operator"],
        typer.Option(help="What it does here.", metavar="auditor|vendor|regulator|operator"),
    ],
    key: Annotated[
        Path | None,
        typer.Option(help="Public key (PEM); auditors and vendors need one.", metavar="FILE"),
    ] = None,
    owner_group: Annotated[
        str | None, typer.Option(help="Who owns it; its own name by default.", metavar="NAME")
    ] = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Register an organisation that the operator has vetted."""
    pem = None if key is None else read(key)
    with opened() as platform, platform.database.write() as session:
        row = registry.add_organisation(
            session, platform, operator(platform), name, role, owner_group, pem
        )
    if as_json:
        output.data({"name": row.name, "role": row.role, "owner_group": row.owner_group})
    else:
        output.say(f"{row.role} {row.name} is registered")


@app.command("list")
def list_(*, as_json: output.Json = False) -> None:
    """List the registered organisations."""
    with opened() as platform, platform.database.read() as session:
        rows = parties.organisations(session)
    if as_json:
        output.data([{"name": r.name, "role": r.role, "owner_group": r.owner_group} for r in rows])
    elif not rows:
        output.say("no organisations yet; add one with `assay org add`")
    else:
        output.table(("name", "role", "owner"), [(r.name, r.role, r.owner_group) for r in rows])


@models.command("add")
def add_model(
    name: Annotated[str, typer.Argument(help="Public name of the model.", metavar="NAME")],
    org: Org,
    base_url: Annotated[str, typer.Option(help="URL before /chat/completions.", metavar="URL")],
    upstream: Annotated[
        str, typer.Option(help="The vendor's own identifier of the model.", metavar="NAME")
    ],
    snapshot: Annotated[str, typer.Option(help="Which version it is.", metavar="TEXT")],
    price_in: Annotated[
        int, typer.Option(help="Micro-USD per million prompt tokens.", metavar="N")
    ] = 0,
    price_out: Annotated[
        int, typer.Option(help="Micro-USD per million reply tokens.", metavar="N")
    ] = 0,
    *,
    as_json: output.Json = False,
) -> None:
    """Register a model; its credential is read from standard input, never shown again."""
    credential = _credential()
    with opened() as platform:
        who = actor(platform, org)
        with platform.database.write() as session:
            row = registry.add_model(
                session,
                platform,
                who,
                name,
                base_url,
                upstream,
                snapshot,
                credential,
                price_in,
                price_out,
            )
    if as_json:
        output.data({"name": row.name, "vendor": row.vendor})
    else:
        output.say(f"model {row.name} of {row.vendor} is registered; its credential is encrypted")


@models.command("list")
def list_models(*, as_json: output.Json = False) -> None:
    """List the registered models, without endpoints and credentials."""
    with opened() as platform, platform.database.read() as session:
        rows = parties.models(session)
    if as_json:
        output.data([{"name": r.name, "vendor": r.vendor, "snapshot": r.snapshot} for r in rows])
    elif not rows:
        output.say("no models yet; a vendor adds one with `assay model add`")
    else:
        output.table(("name", "vendor", "snapshot"), [(r.name, r.vendor, r.snapshot) for r in rows])


def _credential() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Credential", hide_input=True, err=True))
    try:
        return sys.stdin.buffer.readline().decode("ascii").rstrip("\r\n")
    except UnicodeDecodeError:
        raise InvalidInput("credential: one line of ASCII on standard input") from None
