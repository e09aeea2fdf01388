"""Every command explains itself, and loads no more than it needs."""

import pytest
import typer.main

from harness.cli import main
from harness.cli.reference import commands

FOUND = list(commands(typer.main.get_command(main.build())))
# Its output is that of a service; nothing is left to print at its end.
WITHOUT_JSON = {"assay serve", "assay worker", "assay launcher"}


def ids(found):
    return [name for name, _ in found]


def test_the_walk_sees_the_commands_of_the_main_job():
    named = {"assay demo", "assay verify", "assay suite pack", "assay protocol sign"}
    assert named <= set(ids(FOUND))
    assert len(FOUND) > 25


@pytest.mark.parametrize(("name", "command"), FOUND, ids=ids(FOUND))
def test_every_command_and_every_option_has_help(name, command):
    assert command.help, name
    silent = [item.name for item in command.params if item.name != "help" and not item.help]
    assert silent == []


def test_every_group_has_help(assay):
    groups = {name.split()[1] for name, _ in FOUND if len(name.split()) > 2}
    for group in groups:
        done = assay(group, "--help")
        assert done.status == 0
        assert f"Usage: assay {group}" in done.out


@pytest.mark.parametrize(("name", "command"), FOUND, ids=ids(FOUND))
def test_every_command_speaks_json(name, command):
    options = {option for item in command.params for option in item.opts}
    assert ("--json" in options) is (name not in WITHOUT_JSON)


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("suite", "nonsense"),
        ("--nonsense",),
        ("verify",),
        ("keys", "new", "k", "--type", "rsa"),
        ("org", "add", "x", "--role", "king"),
        ("run", "status"),
    ],
)
def test_a_wrong_command_line_ends_with_2(assay, words):
    done = assay(*words)
    assert (done.status, done.out) == (2, "")
    assert "Traceback" not in done.err
    assert done.err


def test_the_version(assay):
    done = assay("--version")
    assert done.status == 0
    assert done.out.startswith("assay ")
