"""`assay images`: build, move and admit container images."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import output
from harness.cli.context import opened
from harness.services.platform import images

app = typer.Typer(help="Container images (operator).", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="Image archive.", metavar="FILE")]


@app.command("build")
def build(*, as_json: output.Json = False) -> None:
    """Build the base image without a registry; does nothing when it is there already."""
    with opened() as platform:
        image = images.build(platform, output.note)
    _show(image.id, as_json=as_json)


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
