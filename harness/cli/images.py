"""`assay images`: build, look at, move and admit container images."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import output
from harness.cli.context import opened
from harness.cli.files import read, read_suite
from harness.documents import packed
from harness.errors import InvalidInput
from harness.services.platform import images

app = typer.Typer(help="Container images (operator).", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="Image archive.", metavar="FILE")]
Id = Annotated[str, typer.Argument(help="Id of the image, `sha256:…`.", metavar="ID")]
Suite = Annotated[
    Path | None,
    typer.Option(
        help="Build for this suite, a folder or packed: the flavour it asks for, and the wheels "
        "that its lock names, from --wheels.",
        metavar="SUITE",
    ),
]
Flavour = Annotated[
    str | None,
    typer.Option(
        help="What suites find beside Python: `base` (the default) nothing, `inspect` Inspect AI "
        "and the SDKs of OpenAI and Anthropic, `lm-eval` the lm-evaluation-harness.",
        metavar="NAME",
    ),
]
Wheels = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the wheels that the flavour locks, pip's among them; no index is asked "
        "then. A build leaves them in `images/wheels` of its data folder.",
        metavar="FOLDER",
    ),
]


@app.command("build")
def build(
    *,
    flavour: Flavour = None,
    suite: Suite = None,
    wheels: Wheels = None,
    as_json: output.Json = False,
) -> None:
    """Build a flavour's image without a registry; does nothing when it is there already."""
    if suite is not None and flavour is not None:
        raise InvalidInput("--flavour: a suite says itself which it needs; leave it out")
    with opened() as platform:
        if suite is None:
            image = images.build(platform, output.note, flavour or "base", wheels)
        else:
            archive = packed.build(read_suite(suite)) if suite.is_dir() else read(suite)
            image = images.build_for_suite(platform, archive, wheels, output.note)
    _show(image.id, as_json=as_json)


@app.command("list")
def list_(*, as_json: output.Json = False) -> None:
    """List the images that were built or imported here, newest first."""
    with opened() as platform:
        found = images.known(platform)
    if as_json:
        output.data(
            [{"image": one.id, "flavour": one.flavour, "added_at": one.added_at} for one in found]
        )
        return
    rows = [(one.id, one.flavour, output.moment(one.added_at)) for one in found]
    output.table(("image", "flavour", "added"), rows)


@app.command("show")
def show(image_id: Id, *, as_json: output.Json = False) -> None:
    """Show what is in an image."""
    with opened() as platform:
        found = images.show(platform, image_id)
    record = found.record
    if as_json:
        output.data(
            {
                "image": record.id,
                "flavour": record.flavour,
                "added_at": found.added_at,
                "base_layer": record.base_digest,
                "built_from": record.built_from,
                "packages": dict(record.packages),
                "wheels": {name: _locked(locked) for name, locked in record.wheels.items()},
            }
        )
        return
    output.fields(
        [
            ("image", record.id),
            ("flavour", record.flavour),
            ("added", output.moment(found.added_at)),
            ("base layer", record.base_digest),
            ("built from", record.built_from),
            ("packages", f"{len(record.packages)} of Debian"),
            ("wheels", str(len(record.wheels))),
        ]
    )
    rows = [("Debian", name, version) for name, version in sorted(record.packages.items())]
    for name, locked in sorted(record.wheels.items()):
        rows.append(("wheel", name, _locked(locked)["version"]))
    output.table(("from", "name", "version"), rows)


@app.command("sbom")
def sbom(image_id: Id, *, as_json: output.Json = False) -> None:
    """Print an image's software bill of materials, CycloneDX 1.6; always JSON."""
    del as_json  # the document is JSON anyway
    with opened() as platform:
        found = images.sbom(platform, image_id)
    output.data(found)


@app.command("export")
def export(file: File, *, as_json: output.Json = False) -> None:
    """Write the newest image to a file."""
    with opened() as platform, output.waiting("Writing the image"):
        image_id = images.export(platform, file)
    _show(image_id, as_json=as_json)


@app.command("import")
def import_(file: File, *, as_json: output.Json = False) -> None:
    """Load an image that was exported on another host, and admit it."""
    with opened() as platform, output.waiting("Reading the image"):
        image = images.load(platform, file)
    _show(image.id, as_json=as_json)


def _show(image_id: str, *, as_json: bool) -> None:
    if as_json:
        output.data({"image": image_id})
    else:
        output.say(f"image  {image_id}")


def _locked(text: str) -> dict[str, str]:
    version, _, sha256 = text.partition(" ")
    return {"version": version, "sha256": sha256}
