"""`assay keys`, `assay sign`: an organisation's key and what it signs, on its own machine."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from harness.cli import files, output, signing
from harness.cli.files import KeyFile, Org
from harness.cli.preview import show_agreement
from harness.documents import canonical
from harness.documents import protocol as protocol_document
from harness.documents.problems import DocumentInvalid
from harness.documents.signer import generate
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
    file: Annotated[Path, typer.Argument(help="Exact bytes of a protocol.", metavar="FILE")],
    key: KeyFile,
    org: Org,
    role: Annotated[
        Literal["auditor", "vendor"],
        typer.Option(help="Role in the protocol.", metavar="auditor|vendor"),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Envelope to write: FILE.approval.json by default.",
            metavar="ENVELOPE",
        ),
    ] = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Approve a protocol offline: writes an envelope to upload with `assay protocol sign`."""
    body = files.read(file)
    try:
        protocol = protocol_document.parse(body)
    except DocumentInvalid as error:
        raise InvalidInput(f"{file}: {problem}" for problem in error.problems) from None
    secret = files.private_key(key)
    signing.check_signer(protocol, secret, org, role)
    target = out or file.with_name(file.name + ".approval.json")
    files.write(target, signing.approval(secret, body, protocol, org, role))
    digest = canonical.digest(body)
    if as_json:
        output.data({"envelope": str(target), "protocol": digest})
        return
    show_agreement(protocol)
    output.fields([("approved", digest), ("envelope", str(target))])
