"""`assay keys`, `assay sign`: an organisation's key and what it signs, on its own machine."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from harness.cli import output, signing
from harness.cli.context import KeyFile, Org, private_key, read, write
from harness.documents import canonical
from harness.documents import protocol as protocol_document
from harness.documents.problems import DocumentInvalid
from harness.documents.signer import generate
from harness.errors import Conflict, InvalidInput
from harness.services.platform.opening import write_secret

app = typer.Typer(help="Keys of organisations.", no_args_is_help=True)


@app.command("new")
def new(
    file: Annotated[Path, typer.Argument(help="Where the private key goes (mode 0600).")],
    algorithm: Annotated[
        Literal["p256", "ed25519"], typer.Option("--type", help="Kind of key.")
    ] = "p256",
    *,
    as_json: output.Json = False,
) -> None:
    """Make a key pair: FILE holds the private key, FILE.pub the public one."""
    key = generate(algorithm)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not write_secret(file, key.to_pem()):
        raise Conflict(f"{file} exists already; a key is never overwritten")
    public = file.with_name(file.name + ".pub")
    write(public, key.public.to_pem())
    if as_json:
        output.data({"private": str(file), "public": str(public), "key_id": key.public.key_id})
    else:
        output.say(f"private key  {file} (keep it to yourself)\npublic key   {public}")
        output.say(f"key id       {key.public.key_id}")


def sign(
    file: Annotated[Path, typer.Argument(help="Exact bytes of a protocol.")],
    key: KeyFile,
    org: Org,
    role: Annotated[Literal["auditor", "vendor"], typer.Option(help="Role in the protocol.")],
    out: Annotated[Path | None, typer.Option("--out", help="Envelope to write.")] = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Approve a protocol offline: writes an envelope to upload with `assay protocol sign`."""
    body = read(file)
    try:
        protocol = protocol_document.parse(body)
    except DocumentInvalid as error:
        raise InvalidInput(f"{file}: {problem}" for problem in error.problems) from None
    target = out or file.with_name(file.name + ".approval.json")
    write(target, signing.approval(private_key(key), body, protocol, org, role))
    digest = canonical.digest(body)
    if as_json:
        output.data({"envelope": str(target), "protocol": digest})
    else:
        output.say(f"approved  {digest}\nenvelope  {target}")
