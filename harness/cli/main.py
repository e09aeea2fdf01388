"""`assay`: one command per act of the main job, and those of the operator."""

import sys

import typer

from harness.cli import (
    agreement,
    db,
    images,
    keys,
    org,
    output,
    report,
    run,
    sandbox,
    suite,
    verify,
    work,
)
from harness.cli.demo import command as demo
from harness.errors import HarnessError

app = typer.Typer(
    name="assay",
    help="Evaluate an AI model in a sandbox that auditor and vendor can both verify.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.command("verify")(verify.verify)
app.command("doctor")(work.doctor)
app.command("worker")(work.worker)
app.command("sign")(keys.sign)
app.add_typer(suite.app, name="suite")
app.add_typer(agreement.app, name="protocol")
app.add_typer(run.app, name="run")
app.add_typer(report.app, name="report")
app.add_typer(org.app, name="org")
app.add_typer(org.models, name="model")
app.add_typer(keys.app, name="keys")
app.add_typer(images.app, name="images")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(db.app, name="db")


def main() -> None:
    """Entry point: errors that speak to a person end with their exit status, no traceback."""
    try:
        app()
    except HarnessError as error:
        for line in str(error).splitlines() or [error.code]:
            output.err.print(f"[bold red]{error.code}[/bold red] ", end="")
            output.err.print(line, markup=False)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        output.err.print("interrupted")
        sys.exit(130)


if __name__ == "__main__":
    main()
