"""`assay protocol`: propose, look at, and sign an agreement."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import files, output, signing
from harness.cli.context import actor, opened, settle
from harness.cli.files import Org
from harness.cli.preview import show_agreement, show_preview
from harness.documents import canonical
from harness.documents import protocol as protocol_document
from harness.errors import IntegrityError, InvalidInput, NotFound
from harness.records import protocols
from harness.services import suites
from harness.services.access import Thing, can
from harness.services.agreements import admission, agree, draft, preview
from harness.services.agreements import terms as terms_file

app = typer.Typer(help="Agreements between auditor and vendor.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="Protocol id, or the beginning of it.", metavar="ID")]
OptionalKey = Annotated[
    Path | None,
    typer.Option("--key", help="Private key of the organisation (PEM).", metavar="FILE"),
]


@app.command("propose")
def propose(
    org: Org,
    suite: Annotated[
        str, typer.Option(help="Digest of a submitted suite, or its beginning.", metavar="DIGEST")
    ],
    model: Annotated[str, typer.Option(help="Public name of the vendor's model.", metavar="NAME")],
    key: OptionalKey = None,
    terms: Annotated[
        Path | None,
        typer.Option(
            help="YAML file of terms, see docs/terms.md; without it every default.", metavar="FILE"
        ),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the preview; nothing is signed.")
    ] = False,
    as_json: output.Json = False,
) -> None:
    """Draft a protocol, show what a report can look like and leak, sign it and propose it."""
    if key is None and not dry_run:
        raise InvalidInput("--key: a proposal is signed; without a key use --dry-run")
    chosen = terms_file.parse(b"" if terms is None else files.read(terms))
    with opened() as platform:
        who = actor(platform, org)
        with platform.database.read() as session:
            found = suites.find(session, who, suite)
            body = draft.draft(session, platform, who, found, model, chosen)
            protocol = protocol_document.parse(body)
            admission.judge(session, platform, protocol)
        if key is not None and not dry_run:
            secret = files.private_key(key)
            signing.check_signer(protocol, secret, org, "auditor")
            envelopes = (
                signing.proposal(secret, body, org),
                signing.approval(secret, body, protocol, org, "auditor"),
            )
            with platform.database.write() as session:
                agree.propose(session, platform, who, body, *envelopes)
            settle(platform)
    digest = None if dry_run else canonical.digest(body)
    name = None if dry_run else protocol.identity.id
    seen = preview.of(protocol)
    if as_json:
        output.data({"id": name, "digest": digest, "preview": asdict(seen)})
        return
    show_preview(seen)
    if dry_run:
        output.say("Nothing was signed. Without --dry-run this is proposed.")
    else:
        output.fields([("proposed", str(name)), ("digest", str(digest))])


@app.command("show")
def show(
    protocol_id: Id,
    org: Org,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write the exact bytes, to be signed.", metavar="FILE"),
    ] = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Show an agreement: its state, its digest and the preview of its reports."""
    with opened() as platform:
        who = actor(platform, org)
        with platform.database.read() as session:
            row = agree.find(session, who, protocol_id)
            if not can(who, "read", Thing("protocol", auditor=row.auditor, vendor=row.vendor)):
                raise NotFound(f"no protocol with an id beginning {protocol_id}")
            body = agree.body(session, row)
    protocol = protocol_document.parse(body)
    if out is not None:
        files.write(out, body)
    if as_json:
        facts = {"id": row.id, "state": row.state, "digest": row.digest}
        output.data({**facts, "protocol": protocol.model_dump(mode="json", by_alias=True)})
        return
    output.fields([("protocol", row.id), ("state", row.state), ("digest", row.digest)])
    show_agreement(protocol)
    if out is not None:
        output.say(f"written to {out}")


@app.command("sign")
def sign(
    protocol_id: Id,
    org: Org,
    key: OptionalKey = None,
    envelope: Annotated[
        Path | None,
        typer.Option(help="Envelope made by `assay sign` on another machine.", metavar="FILE"),
    ] = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Approve the very bytes that were proposed (vendor): by a key here, or by an envelope."""
    if (key is None) == (envelope is None):
        raise InvalidInput("give either --key or --envelope")
    with opened() as platform:
        who = actor(platform, org)
        with platform.database.read() as session:
            row = agree.find(session, who, protocol_id)
            body = agree.body(session, row)
        approval = _approve(body, org, key) if envelope is None else files.read(envelope)
        with platform.database.write() as session:
            agree.sign(session, platform, who, row.id, approval)
        settle(platform)
        with platform.database.read() as session:
            after = protocols.get(session, row.id)
    if after is None:
        raise IntegrityError(f"protocol {row.id} is gone")
    if as_json:
        output.data({"id": row.id, "state": after.state, "digest": row.digest})
    else:
        output.fields([("signed", row.digest), ("state", after.state)])


def _approve(body: bytes, org: str, key: Path | None) -> bytes:
    protocol = protocol_document.parse(body)
    secret = files.private_key(key or Path())
    signing.check_signer(protocol, secret, org, "vendor")
    return signing.approval(secret, body, protocol, org, "vendor")
