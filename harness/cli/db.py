"""`assay db`: the data folder and its database."""

import typer

from harness import config
from harness.cli import output
from harness.services.platform.opening import initialise, open_platform

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The database."""


@app.command("upgrade")
def upgrade(*, as_json: output.Json = False) -> None:
    """Make the data folder and its keys if needed, and bring the schema up to date."""
    settings = config.load()
    initialise(settings)
    platform = open_platform(settings)
    root = platform.settings.data_dir / "trust-root.json"
    root.write_bytes(platform.trust_root)
    platform.database.close()
    if as_json:
        output.data({"data_dir": str(settings.data_dir), "root": platform.trust_root_digest})
    else:
        output.say(f"data folder  {settings.data_dir}")
        output.say(f"trust root   {platform.trust_root_digest} ({root})")
