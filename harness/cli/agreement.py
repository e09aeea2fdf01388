"""`assay protocol`: draft, propose, look at, and sign an agreement."""

import base64
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.cli import files, output, profiles, signing
from harness.cli.client import Client, connected, segment
from harness.cli.preview import show_agreement, show_factors, show_preview
from harness.documents import protocol as protocol_document
from harness.documents.problems import DocumentInvalid
from harness.documents.protocol import Protocol
from harness.errors import IntegrityError, InvalidInput
from harness.services.agreements import preview
from harness.services.agreements import terms as terms_file

app = typer.Typer(help="Agreements between auditor and vendor.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="Protocol id, or the beginning of it.", metavar="ID")]
Suite = Annotated[
    str, typer.Option(help="Digest of a submitted suite, or its beginning.", metavar="DIGEST")
]
Model = Annotated[str, typer.Option(help="Public name of the vendor's model.", metavar="NAME")]
Terms = Annotated[
    Path | None,
    typer.Option(
        help="YAML file of terms, see docs/terms.md; without it every default.", metavar="FILE"
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Write the exact bytes, to be signed.", metavar="FILE"),
]


@app.command("draft")
def draft(
    suite: Suite,
    model: Model,
    terms: Terms = None,
    out: Out = None,
    profile: profiles.Name = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Draft a protocol to be signed elsewhere (auditor): the server keeps it for some days."""
    chosen = terms_file.parse(b"" if terms is None else files.read(terms))
    with connected(profile) as client:
        made = _draft(client, suite, model, chosen, dry_run=False)
    body, protocol = _document(made)
    target = out or Path(f"{made['id']}.json")
    files.write(target, body)
    if as_json:
        facts = {"id": made["id"], "digest": made["digest"], "document": str(target)}
        output.data({**facts, "preview": made["preview"]})
        return
    show_preview(preview.of(protocol))
    show_factors(protocol)
    output.fields([("draft", made["id"]), ("digest", made["digest"]), ("document", str(target))])


@app.command("propose")
def propose(
    suite: Suite,
    model: Model,
    key: files.OptionalKey = None,
    terms: Terms = None,
    profile: profiles.Name = None,
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
    with connected(profile) as client:
        made = _draft(client, suite, model, chosen, dry_run=True)
        body, protocol = _document(made)
        if key is not None and not dry_run:
            secret = files.private_key(key)
            # Whoever is no auditor here would sign an approval and no proposal.
            if signing.signer(protocol, secret)[1] != "auditor":
                raise InvalidInput("--key: is the vendor's, and it is the auditor who proposes")
            _propose(client, body, signing.signed(secret, body, protocol))
    digest = None if dry_run else made["digest"]
    name = None if dry_run else made["id"]
    if as_json:
        output.data({"id": name, "digest": digest, "preview": made["preview"]})
        return
    show_preview(preview.of(protocol))
    show_factors(protocol)
    if dry_run:
        output.say("Nothing was signed. Without --dry-run this is proposed.")
    else:
        output.fields([("proposed", str(name)), ("digest", str(digest))])


@app.command("submit")
def submit(
    document: Annotated[Path, typer.Argument(help="Exact bytes of a draft.", metavar="FILE")],
    signatures: Annotated[
        Path, typer.Option(help="File that `assay sign` wrote for it.", metavar="FILE")
    ],
    profile: profiles.Name = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Propose a draft that was signed elsewhere by `assay sign` (auditor)."""
    body = files.read(document)
    proposal, approval = files.signatures(signatures, "proposal", "approval")
    with connected(profile) as client:
        row = _propose(client, body, {"proposal": proposal, "approval": approval})
    if as_json:
        output.data({"id": row["id"], "digest": row["digest"]})
    else:
        output.fields([("proposed", row["id"]), ("digest", row["digest"])])


@app.command("list")
def list_(profile: profiles.Name = None, *, as_json: output.Json = False) -> None:
    """List the agreements that you may see, those that changed last first."""
    with connected(profile) as client:
        found = client.all("/protocols")
    if as_json:
        output.data(found)
    elif not found:
        output.say("no agreements yet; an auditor proposes one with `assay protocol propose`")
    else:
        columns = ("id", "state", "auditor", "vendor", "model")
        headings = ("protocol", *columns[1:])
        output.table(headings, [tuple(one[name] for name in columns) for one in found])


@app.command("show")
def show(
    protocol_id: Id,
    out: Out = None,
    profile: profiles.Name = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Show an agreement: its state, its digest and the preview of its reports."""
    with connected(profile) as client:
        row = client.get(f"/protocols/{segment(protocol_id)}")
        body = client.exact(f"/protocols/{row['id']}/document")
    protocol = _parsed(body)
    if out is not None:
        files.write(out, body)
    if as_json:
        facts = {name: row[name] for name in ("id", "state", "digest")}
        output.data({**facts, "protocol": protocol.model_dump(mode="json", by_alias=True)})
        return
    output.fields([("protocol", row["id"]), ("state", row["state"]), ("digest", row["digest"])])
    show_agreement(protocol)
    if out is not None:
        output.say(f"written to {out}")


@app.command("sign")
def sign(
    protocol_id: Id,
    key: files.OptionalKey = None,
    signatures: files.Signatures = None,
    profile: profiles.Name = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Approve the very bytes that were proposed (vendor): by a key here, or by `assay sign`."""
    files.one_of(key, signatures)
    with connected(profile) as client:
        path = f"/protocols/{segment(protocol_id)}"
        if key is None:
            (approval,) = files.signatures(signatures, "approval")
        else:
            body = client.exact(f"{path}/document")
            approval = signing.signed(files.private_key(key), body, _parsed(body))["approval"]
        row = client.post(f"{path}/signatures", {"envelope": _base64(approval)})
        after = client.get(f"/protocols/{row['id']}")
    if as_json:
        output.data({name: after[name] for name in ("id", "state", "digest")})
    else:
        output.fields([("signed", after["digest"]), ("state", after["state"])])


def _draft(
    client: Client, suite: str, model: str, terms: terms_file.Terms, *, dry_run: bool
) -> dict[str, Any]:
    body = {"suite": suite, "model": model, "terms": terms.model_dump(), "dry_run": dry_run}
    found: dict[str, Any] = client.post("/drafts", body)
    return found


def _propose(client: Client, body: bytes, envelopes: dict[str, bytes]) -> dict[str, Any]:
    sent = {"document": body, **envelopes}
    found: dict[str, Any] = client.post(
        "/protocols", {name: _base64(data) for name, data in sent.items()}
    )
    return found


def _document(made: dict[str, Any]) -> tuple[bytes, Protocol]:
    body = base64.b64decode(made["document"])
    return body, _parsed(body)


def _parsed(body: bytes) -> Protocol:
    """A protocol that the server handed out; what is signed here is shown from these bytes."""
    try:
        return protocol_document.parse(body)
    except DocumentInvalid:
        raise IntegrityError(
            "the server's protocol is none that this version reads; nothing was signed"
        ) from None


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
