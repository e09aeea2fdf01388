"""The reference of all commands, `docs/cli.md`, made from the commands themselves.

python -m harness.cli.reference > docs/cli.md
"""

import sys
from collections.abc import Iterator
from typing import Any

import typer.main

from harness.cli import main

_HEAD = """\
# Commands

This page is made from the commands: `python -m harness.cli.reference`. `assay COMMAND --help` says
the same.

Results go to standard output, progress and errors to standard error. An error is one line for each
problem: its code, then what is wrong and what helps. Times are in UTC. With `--json` a command
prints one JSON value and nothing else on standard output.

| exit status | meaning |
|---|---|
| 0 | done, or passed |
| 1 | not possible here and now, or a check failed |
| 2 | what was handed in is wrong, unknown or not allowed; nothing was changed |
| 3 | `assay verify`: every check holds, but no trust root was pinned |
| 70 | an error of Assay's own: its place in the code is printed, no value |
| 130 | interrupted |

Files are written as a whole or not at all, and a key is never overwritten. Parties' commands speak
[the API](api.md) of the server that `assay login` signed in to, or that `ASSAY_SERVER` and
`ASSAY_TOKEN` name. Commands on a data folder read [settings](settings.md) such as `ASSAY_DATA_DIR`.
`assay verify`, `assay sign`, `assay keys`, `assay suite check` and `assay suite pack` need neither
a data folder nor a network.
"""


def commands(command: Any, words: tuple[str, ...] = ("assay",)) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with the words it is called by."""
    children = getattr(command, "commands", {})
    if not children:
        yield " ".join(words), command
    for name, child in children.items():
        yield from commands(child, (*words, name))


def page() -> str:
    """The text of the page."""
    order = list(main.COMMANDS)
    found = sorted(
        commands(typer.main.get_command(main.build())),
        key=lambda one: order.index(one[0].split()[1]),
    )
    return "\n".join([_HEAD, *(_section(name, command) for name, command in found)])


def _section(name: str, command: Any) -> str:
    arguments = [_name(item) for item in command.params if _is_argument(item)]
    rows = [f"| {_label(item)} | {_meaning(item)} |" for item in command.params if _told(item)]
    table = ["| argument or option | meaning |", "|---|---|", *rows, ""] if rows else []
    usage = " ".join([name, *arguments, "[OPTIONS]"])
    about = " ".join(command.help.split())
    return "\n".join([f"## {name}", "", about, "", f"    {usage}", "", *table])


def _told(item: Any) -> bool:
    return bool(item.name != "help")


def _is_argument(item: Any) -> bool:
    return bool(item.param_type_name == "argument")


def _name(item: Any) -> str:
    return str(item.metavar)


def _label(item: Any) -> str:
    if _is_argument(item):
        return f"`{_name(item)}`"
    value = "" if item.is_flag else f" {_name(item)}"
    return ", ".join(f"`{option}{value}`" for option in item.opts).replace("|", "\\|")


def _meaning(item: Any) -> str:
    text = str(item.help).rstrip(".")
    if _is_argument(item) or item.is_flag:
        return text
    if item.required:
        return f"{text}; required"
    return f"{text}; `{item.default}` by default" if item.default not in {None, ""} else text


if __name__ == "__main__":
    sys.stdout.write(page())
