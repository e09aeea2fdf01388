"""`assay`: one command per act of the main job, and those of the operator.

A command's module is imported when it is asked for: whoever verifies a report, or signs on a
machine of their own, loads no database and no client of the container engine.
"""

import io
import sys
import traceback
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated, Final

import typer

from harness import starting
from harness.cli import output
from harness.config import SettingsInvalid
from harness.errors import HarnessError
from harness.services.platform.version import VERSION

# In the order of `assay --help`: where each command, or group of commands, is found.
COMMANDS: Final = {
    "demo": ("demo.command", "demo"),
    "login": ("login", "login"),
    "logout": ("login", "logout"),
    "profile": ("login", "app"),
    "suite": ("suite", "app"),
    "protocol": ("agreement", "app"),
    "run": ("run", "app"),
    "report": ("report", "app"),
    "verify": ("verify", "verify"),
    "rank": ("ranking", "rank"),
    "keys": ("keys", "app"),
    "sign": ("keys", "sign"),
    "org": ("org", "app"),
    "model": ("org", "models"),
    "people": ("people", "app"),
    "serve": ("serve", "serve"),
    "worker": ("work", "worker"),
    "launcher": ("launcher", "launcher"),
    "doctor": ("work", "doctor"),
    "backup": ("backup", "backup"),
    "restore": ("backup", "restore"),
    "ledger": ("ledger", "app"),
    "db": ("db", "app"),
    "images": ("images", "app"),
    "sandbox": ("sandbox", "app"),
}
_BAD_INPUT: Final = 2
_INTERRUPTED: Final = 130
# EX_SOFTWARE of sysexits.h.
_FAULT: Final = 70
_FRAMES: Final = 8


def build(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Make the application with these commands."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
    app.callback()(assay)
    for name in names:
        module, attribute = COMMANDS[name]
        part = getattr(import_module(f"harness.cli.{module}"), attribute)
        if isinstance(part, typer.Typer):
            app.add_typer(part, name=name)
        else:
            app.command(name)(part)
    return app


def __getattr__(name: str) -> typer.Typer:
    """`app`: the whole application, made only for whoever asks (PEP 562)."""
    if name == "app":
        return build()
    raise AttributeError(name)


def _version(asked: bool) -> None:  # noqa: FBT001 - called by Typer with the option's value
    if asked:
        output.say(f"assay {VERSION}")
        raise typer.Exit


def assay(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Evaluate an AI model in a sandbox that auditor and vendor can both verify."""


def main() -> None:
    """Entry point: errors that speak to a person end with their exit status, no traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not stop a command half-way.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    asked = [word for word in sys.argv[1:2] if word in COMMANDS]
    try:
        with starting.loading():
            app = build(asked or COMMANDS)
        app(prog_name="assay")
    except HarnessError as error:
        output.problem(error.code, str(error))
        sys.exit(error.exit_status)
    except SettingsInvalid as error:
        output.problem("settings", str(error))
        sys.exit(_BAD_INPUT)
    except OSError as error:
        # A full disk or a folder without permission, wherever it shows.
        where = f"{error.filename}: " if error.filename else ""
        output.problem("io", f"{where}{error.strerror or 'input or output failed'}")
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - whatever it is, its text may be a guest's
        _fault(error)
        sys.exit(_FAULT)
    except KeyboardInterrupt:
        output.err.print("interrupted")
        sys.exit(_INTERRUPTED)


def _fault(error: Exception) -> None:
    """Say where an error of ours arose: names and lines of code, never a value."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    name = type(error).__name__
    output.problem("fault", f"{name}: an error of Assay's own; please report these lines")
    output.problem("fault", "\n".join(lines[-_FRAMES:]))


if __name__ == "__main__":
    main()
