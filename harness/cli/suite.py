"""`assay suite`: check, pack and submit an evaluation suite."""

from pathlib import Path
from typing import Annotated

import typer

from evals import pack
from evals.manifest import Manifest
from harness import config
from harness.cli import files, output, profiles, signing
from harness.cli.client import connected
from harness.cli.files import read, read_suite, write
from harness.documents import packed
from harness.documents import suite as suite_document
from harness.errors import InvalidInput
from harness.services.agreements import shape
from harness.services.platform import caps, locks

app = typer.Typer(help="Evaluation suites (auditor).", no_args_is_help=True)

Source = Annotated[
    Path, typer.Argument(help="A suite's folder, or a packed suite.", metavar="SUITE")
]


def _archive(source: Path) -> bytes:
    return packed.build(read_suite(source)) if source.is_dir() else read(source)


def _facts(archive: bytes, parsed: Manifest) -> dict[str, object]:
    return {
        "id": parsed.id,
        "version": parsed.version,
        "digest": pack.digest(archive),
        "samples": len(parsed.samples),
        "groups": suite_document.group_sizes(parsed),
        "metrics": [cell.id for cell in shape.cells_of(parsed)],
        "bytes": len(archive),
    }


def _show(facts: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        output.data(facts)
        return
    output.fields([(name, _text(value)) for name, value in facts.items()])


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        sizes = (f"{name}: {_sizes(labels)}" for name, labels in value.items())
        return "; ".join(sizes) or "none"
    return str(value)


def _sizes(labels: dict[str, int]) -> str:
    return ", ".join(f"{label} {size}" for label, size in labels.items())


@app.command("check")
def check(source: Source, *, as_json: output.Json = False) -> None:
    """Check a suite and say what is wrong, with file, line and field."""
    archive = _archive(source)
    parsed, content = packed.open_archive(archive)
    problems = [
        *caps.over(parsed.limits, config.load()),
        *locks.problems(parsed, content),
        *shape.suite_problems(parsed),
    ]
    if problems:
        raise InvalidInput(problems)
    _show(_facts(archive, parsed), as_json=as_json)


@app.command("pack")
def pack_(
    source: Annotated[Path, typer.Argument(help="A suite's folder.", metavar="FOLDER")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="File to write: ID-VERSION.suite.tar by default.", metavar="FILE"
        ),
    ] = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Pack a suite: the same content gives the same digest on any machine."""
    archive = packed.build(read_suite(source))
    parsed, _ = packed.open_archive(archive)
    target = out or Path(f"{parsed.id}-{parsed.version}.suite.tar")
    write(target, archive)
    _show({**_facts(archive, parsed), "file": str(target)}, as_json=as_json)


@app.command("submit")
def submit(
    source: Source,
    key: files.OptionalKey = None,
    signatures: files.Signatures = None,
    digest: Annotated[
        str | None, typer.Option(help="Refuse unless the suite has this digest.", metavar="DIGEST")
    ] = None,
    contact: Annotated[
        str,
        typer.Option(
            help="Whom to ask about the suite; the organisation by default.", metavar="TEXT"
        ),
    ] = "",
    profile: profiles.Name = None,
    *,
    as_json: output.Json = False,
) -> None:
    """Submit a suite (auditor): signed by a key here, or elsewhere by `assay sign`."""
    files.one_of(key, signatures)
    archive = _archive(source)
    parsed, _ = packed.open_archive(archive)
    found = pack.digest(archive)
    if digest is not None and digest != found:
        raise InvalidInput(f"digest: the suite's is {found}, not {digest}; nothing was submitted")
    with connected(profile) as client:
        if key is None:
            (envelope,) = files.signatures(signatures, "submission")
        else:
            org = client.get("/me")["organisation"]
            secret = files.private_key(key)
            envelope = signing.submission(secret, parsed, found, org, contact or org)
        client.post("/suites", files={"archive": archive, "envelope": envelope})
    _show(_facts(archive, parsed), as_json=as_json)


@app.command("list")
def list_(profile: profiles.Name = None, *, as_json: output.Json = False) -> None:
    """List the suites that you may see."""
    with connected(profile) as client:
        found = client.all("/suites")
    if as_json:
        output.data([{name: one[name] for name in ("digest", "id", "version")} for one in found])
    elif not found:
        output.say("no suites yet; submit one with `assay suite submit`")
    else:
        output.table(
            ("suite", "version", "samples", "digest"),
            [(one["id"], one["version"], str(one["samples"]), one["digest"]) for one in found],
        )
