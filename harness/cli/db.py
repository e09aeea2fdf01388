"""`assay db`: the data folder and its database."""

import typer

from harness import config
from harness.cli import files, output
from harness.services.platform.opening import initialise, open_platform

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The database."""


@app.command("upgrade")
def upgrade(*, as_json: output.Json = False) -> None:
    """Make the data folder and its keys if needed, and bring the schema up to date."""
    settings = config.load()
    with output.waiting("Bringing the database up to date"):
        initialise(settings)
    platform = open_platform(settings)
    try:
        root = settings.data_dir / "trust-root.json"
        files.write(root, platform.trust_root)
        digest = platform.trust_root_digest
    finally:
        platform.database.close()
    if as_json:
        output.data({"data_dir": str(settings.data_dir), "root": digest, "root_file": str(root)})
    else:
        output.fields(
            [("data folder", str(settings.data_dir)), ("trust root", f"{digest} ({root})")]
        )
