"""`assay org`, `assay model`: parties and what vendors offer."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from harness.cli import output, profiles
from harness.cli.client import connected
from harness.cli.files import read
from harness.documents.signer import KeyInvalid, PublicKey
from harness.errors import InvalidInput

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
    profile: profiles.Name = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Register an organisation that the operator has vetted."""
    body = {"name": name, "role": role, "owner_group": owner_group, "key": _pem(key)}
    with connected(profile) as client:
        row = client.post("/organisations", body)
    if as_json:
        output.data({field: row[field] for field in ("name", "role", "owner_group")})
    else:
        output.say(f"{row['role']} {row['name']} is registered")


@app.command("list")
def list_(profile: profiles.Name = None, *, as_json: output.Json = False) -> None:
    """List the registered organisations (operator, regulators)."""
    with connected(profile) as client:
        rows = client.all("/organisations")
    named = [{field: row[field] for field in ("name", "role", "owner_group")} for row in rows]
    if as_json:
        output.data(named)
    elif not rows:
        output.say("no organisations yet; add one with `assay org add`")
    else:
        output.table(("name", "role", "owner"), [tuple(row.values()) for row in named])


@models.command("add")
def add_model(
    name: Annotated[str, typer.Argument(help="Public name of the model.", metavar="NAME")],
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
    profile: profiles.Name = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Register a model; its credential is read from standard input, never shown again."""
    body = {
        "name": name,
        "base_url": base_url,
        "upstream": upstream,
        "snapshot": snapshot,
        "credential": _credential(),
        "price_in": price_in,
        "price_out": price_out,
    }
    with connected(profile) as client:
        row = client.post("/models", body)
    if as_json:
        output.data({"name": row["name"], "vendor": row["vendor"]})
    else:
        said = f"model {row['name']} of {row['vendor']} is registered"
        output.say(f"{said}; its credential is encrypted")


@models.command("list")
def list_models(profile: profiles.Name = None, *, as_json: output.Json = False) -> None:
    """List the models on offer, without endpoints and credentials."""
    with connected(profile) as client:
        rows = client.all("/models")
    named = [{field: row[field] for field in ("name", "vendor", "snapshot")} for row in rows]
    if as_json:
        output.data(named)
    elif not rows:
        output.say("no models yet; a vendor adds one with `assay model add`")
    else:
        output.table(("name", "vendor", "snapshot"), [tuple(row.values()) for row in named])


def _pem(path: Path | None) -> str | None:
    """A public key, judged here: a private one taken by mistake must not leave this machine."""
    try:
        return None if path is None else PublicKey.from_pem(read(path)).to_pem().decode()
    except KeyInvalid:
        raise InvalidInput("key: not a P-256 or Ed25519 public key in PEM form") from None


def _credential() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Credential", hide_input=True, err=True))
    try:
        return sys.stdin.buffer.readline().decode("ascii").rstrip("\r\n")
    except UnicodeDecodeError:
        raise InvalidInput("credential: one line of ASCII on standard input") from None
