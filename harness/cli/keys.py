"""`assay keys`, `assay sign`: an organisation's key and what it signs, on its own machine."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from evals import pack
from harness.cli import files, output, signing
from harness.cli.files import KeyFile
from harness.cli.preview import show_agreement
from harness.documents import canonical, packed, signatures
from harness.documents import protocol as protocol_document
from harness.documents.problems import DocumentInvalid
from harness.documents.signer import PrivateKey, generate
from harness.errors import HarnessError, InvalidInput

app = typer.Typer(help="Keys of organisations.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keys of organisations."""


@app.command("new")
def new(
    file: Annotated[
        Path, typer.Argument(help="Where the private key goes (mode 0600).", metavar="FILE")
    ],
    algorithm: Annotated[
        Literal["p256", "ed25519"],
        typer.Option("--type", help="Kind of key.", metavar="p256|ed25519"),
    ] = "p256",
    *,
    as_json: output.Json = False,
) -> None:
    """Make a key pair: FILE holds the private key, FILE.pub the public one."""
    key = generate(algorithm)
    public = file.with_name(file.name + ".pub")
    files.write_new(file, key.to_pem(), files.SECRET_MODE)
    try:
        files.write_new(public, key.public.to_pem(), files.PUBLIC_MODE)
    except HarnessError:
        # Half a pair serves nobody; this private key was made a moment ago and never used.
        file.unlink()
        raise
    if as_json:
        output.data({"private": str(file), "public": str(public), "key_id": key.public.key_id})
        return
    output.fields(
        [
            ("private key", f"{file} (keep it to yourself)"),
            ("public key", str(public)),
            ("key id", key.public.key_id),
        ]
    )


def sign(
    file: Annotated[
        Path,
        typer.Argument(help="A packed suite, or the exact bytes of a protocol.", metavar="FILE"),
    ],
    key: KeyFile,
    org: Annotated[
        str | None,
        typer.Option(
            "--org",
            help="Organisation that signs; a protocol names it by its key, a suite needs it.",
            metavar="NAME",
        ),
    ] = None,
    contact: Annotated[
        str,
        typer.Option(
            help="Whom to ask about a suite; the organisation by default.", metavar="TEXT"
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="File to write: FILE.signatures.json by default.", metavar="FILE"
        ),
    ] = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Sign a suite or a protocol offline: writes one small file to hand in.

    A page of the server takes it, and so do `assay suite submit`, `assay protocol propose` and
    `assay protocol sign`. The auditor of a protocol proposes and approves, the vendor approves.
    """
    body = files.read(file)
    secret = files.private_key(key)
    target = out or file.with_name(file.name + ".signatures.json")
    # A protocol is JSON; a packed suite begins with the name of its first file.
    if body.startswith(b"{"):
        facts = _sign_protocol(file, body, secret, org, target, show=not as_json)
    else:
        facts = _sign_suite(body, secret, org, contact, target)
    if as_json:
        output.data(facts)
    else:
        output.fields(list(facts.items()))


def _sign_protocol(
    file: Path, body: bytes, secret: PrivateKey, org: str | None, target: Path, *, show: bool
) -> dict[str, str]:
    try:
        protocol = protocol_document.parse(body)
    except DocumentInvalid as error:
        raise InvalidInput(f"{file}: {problem}" for problem in error.problems) from None
    organisation, role = signing.signer(protocol, secret)
    if org not in {None, organisation}:
        raise InvalidInput(f"--org: the protocol names this key for {organisation}, not for {org}")
    files.write(target, signatures.build(signing.signed(secret, body, protocol)))
    if show:
        show_agreement(protocol)
    return {
        "signed": canonical.digest(body),
        "as": f"{role} {organisation}",
        "signatures": str(target),
    }


def _sign_suite(
    archive: bytes, secret: PrivateKey, org: str | None, contact: str, target: Path
) -> dict[str, str]:
    parsed, _ = packed.open_archive(archive)
    if org is None:
        raise InvalidInput("--org: is needed to sign a suite")
    digest = pack.digest(archive)
    envelope = signing.submission(secret, parsed, digest, org, contact or org)
    files.write(target, signatures.build({"submission": envelope}))
    return {"signed": digest, "as": f"auditor {org}", "signatures": str(target)}
