"""An error of our own is told by its place in the code, never by its text."""

import pytest
import typer

from harness.cli import main

GUEST = "words that a guest chose"


def broken():
    """Break."""
    raise ValueError(GUEST)


def full():
    """Fail as a full disk does."""
    raise OSError(28, "No space left on device", "data/assay.sqlite3")


def wrapped():
    """Fail as a client library does, whose errors are those of the operating system."""
    raise ConnectionError(GUEST)


@pytest.fixture
def part(monkeypatch):
    """A command that only exists in the test, found where commands are found."""

    def use(function):
        monkeypatch.setitem(main.COMMANDS, "broken", ("broken", "app"))
        monkeypatch.setattr(
            main, "import_module", lambda _name: type("module", (), {"app": staticmethod(function)})
        )

    return use


def test_a_fault_names_its_place_and_no_value(assay, part):
    part(broken)
    done = assay("broken")
    assert (done.status, done.out) == (70, "")
    assert done.err.startswith("fault ValueError: an error of Assay's own")
    assert "test_cli_fault.py" in done.err
    assert "in broken" in done.err
    assert GUEST not in done.err


def test_a_full_disk_is_a_line(assay, part):
    part(full)
    done = assay("broken")
    assert (done.status, done.out) == (1, "")
    assert done.err == "io data/assay.sqlite3: No space left on device\n"


def test_an_error_of_a_client_library_is_told_without_its_text(assay, part):
    part(wrapped)
    done = assay("broken")
    assert done.status == 1
    assert done.err == "io input or output failed\n"


def test_an_interruption_ends_with_130(assay, part):
    def interrupted():
        """Be interrupted."""
        raise KeyboardInterrupt

    part(interrupted)
    assert assay("broken").status == 130


def test_control_the_part_is_really_run(assay, part):
    def fine():
        """Work."""
        typer.echo("done")

    part(fine)
    assert assay("broken").out == "done\n"
