"""docs/cli.md is made from the commands, and the program says the same."""

from pathlib import Path

import pytest
import typer.main

from harness.cli import main, reference

PAGE = (Path(__file__).parents[3] / "docs/cli.md").read_text()
FOUND = list(reference.commands(typer.main.get_command(main.build())))


def test_the_page_is_in_step():
    assert reference.page() == PAGE, "run: python -m harness.cli.reference > docs/cli.md"


# Said a second time, without the code that makes the page.
@pytest.mark.parametrize(("name", "command"), FOUND, ids=[name for name, _ in FOUND])
def test_every_command_and_every_option_is_on_the_page(name, command):
    section = PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]
    for item in command.params:
        for option in item.opts:
            if option.startswith("-") and option != "--help":
                assert f"`{option}" in section
    # A value without a name of its own would read as a type of the library's.
    assert [
        p.name for p in command.params if not getattr(p, "is_flag", False) and not p.metavar
    ] == []


def test_every_exit_status_is_told():
    assert [row for row in (0, 1, 2, 3, 70, 130) if f"\n| {row} |" not in PAGE] == []
