"""`assay protocol`: propose, look at, and sign an agreement."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import output, signing
from harness.cli.context import KeyFile, Org, actor, opened, private_key, read, settle, write
from harness.cli.preview import show_preview
from harness.documents import canonical
from harness.documents import protocol as protocol_document
from harness.errors import InvalidInput, NotFound
from harness.records import protocols
from harness.services import suites
from harness.services.access import Thing, can
from harness.services.agreements import agree, draft, preview
from harness.services.agreements import terms as terms_file

app = typer.Typer(help="Agreements between auditor and vendor.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="Protocol id, or the beginning of it.", metavar="ID")]


@app.command("propose")
def propose(
    org: Org,
    key: KeyFile,
    suite: Annotated[str, typer.Option(help="Digest of a submitted suite, or its beginning.")],
    model: Annotated[str, typer.Option(help="Public name of the vendor's model.")],
    terms: Annotated[
        Path | None, typer.Option(help="YAML file of terms; see docs/terms.md.")
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the preview; nothing is signed.")
    ] = False,
    as_json: output.Json = False,
) -> None:
    """Draft a protocol, show what a report can look like and leak, sign it and propose it."""
    chosen = terms_file.parse(b"" if terms is None else read(terms))
    with opened() as platform:
        who = actor(platform, org)
        with platform.database.read() as session:
            found = suites.find(session, suite)
            body = draft.draft(session, platform, who, found, model, chosen)
        protocol = protocol_document.parse(body)
        seen = preview.of(protocol)
        if not dry_run:
            secret = private_key(key)
            with platform.database.write() as session:
                agree.propose(
                    session,
                    platform,
                    who,
                    body,
                    signing.proposal(secret, body, org),
                    signing.approval(secret, body, protocol, org, "auditor"),
                )
            settle(platform)
    digest = canonical.digest(body)
    if as_json:
        output.data({"id": protocol.identity.id, "digest": digest, "preview": asdict(seen)})
        return
    show_preview(seen)
    if not dry_run:
        output.say(f"proposed  {protocol.identity.id}\ndigest    {digest}")


@app.command("show")
def show(
    protocol_id: Id,
    org: Org,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the exact bytes, to be signed.")
    ] = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Show an agreement: its state, its digest and the preview of its reports."""
    with opened() as platform:
        who = actor(platform, org)
        with platform.database.read() as session:
            row = agree.find(session, protocol_id)
            if not can(who, "read", Thing("protocol", auditor=row.auditor, vendor=row.vendor)):
                raise NotFound(f"no protocol with an id beginning {protocol_id}")
            body = agree.body(session, row)
    protocol = protocol_document.parse(body)
    if out is not None:
        write(out, body)
    if as_json:
        facts = {"id": row.id, "state": row.state, "digest": row.digest}
        output.data({**facts, "protocol": protocol.model_dump(mode="json", by_alias=True)})
        return
    for name, text in (
        ("protocol", row.id),
        ("state", row.state),
        ("digest", row.digest),
        ("title", protocol.identity.title),
        ("auditor", row.auditor),
        ("vendor", row.vendor),
        ("model", row.model),
        ("suite", row.suite),
        ("runs", str(protocol.budget.runs)),
        ("window", f"{protocol.budget.window.start} to {protocol.budget.window.end}"),
    ):
        output.say(f"{name:<9} {text}")
    show_preview(preview.of(protocol))


@app.command("sign")
def sign(
    protocol_id: Id,
    org: Org,
    key: Annotated[Path | None, typer.Option(help="Private key (PEM).")] = None,
    envelope: Annotated[
        Path | None, typer.Option(help="Envelope made by `assay sign` on another machine.")
    ] = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Approve the very bytes that were proposed (vendor)."""
    if (key is None) == (envelope is None):
        raise InvalidInput("give either --key or --envelope")
    with opened() as platform:
        who = actor(platform, org)
        with platform.database.read() as session:
            row = agree.find(session, protocol_id)
            body = agree.body(session, row)
        if envelope is not None:
            approval = read(envelope)
        else:
            protocol = protocol_document.parse(body)
            secret = private_key(key or Path())
            approval = signing.approval(secret, body, protocol, org, "vendor")
        with platform.database.write() as session:
            agree.sign(session, platform, who, row.id, approval)
        settle(platform)
        with platform.database.read() as session:
            state = _state(protocols.get(session, row.id))
    if as_json:
        output.data({"id": row.id, "state": state, "digest": row.digest})
    else:
        output.say(f"signed    {row.digest}\nstate     {state}")


def _state(row: protocols.Protocol | None) -> str:
    if row is None:
        raise NotFound("the protocol is gone")
    return row.state
