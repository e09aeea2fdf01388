"""docs/threat-model.md names tests that exist, and leaves no channel without an answer."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/threat-model.md").read_text()
NAMED = re.compile(r"`(test_[a-z0-9_]+)::(test_[a-z0-9_]+)`")


def functions_of(name):
    """Names of the tests in the one file of that name."""
    files = list((ROOT / "tests").rglob(f"{name}.py"))
    if len(files) != 1:
        return set()
    tree = ast.parse(files[0].read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def missing(text):
    return [
        f"{file}::{test}" for file, test in NAMED.findall(text) if test not in functions_of(file)
    ]


def rows():
    """(threat, closed by, shown by, open) of both tables of threats."""
    for section in PAGE.split("\n## ")[2:4]:
        for line in re.findall(r"^\| (.+) \|$", section, re.MULTILINE):
            cells = [cell.strip() for cell in line.split(" |")]
            if not set(line) <= set("-| ") and cells[0] not in {"channel", "threat"}:
                yield [*cells, ""][:4]


def test_every_named_test_exists():
    assert len(NAMED.findall(PAGE)) > 40
    assert missing(PAGE) == []


def test_a_test_that_does_not_exist_is_seen():
    assert missing("`test_gate::test_nothing` `test_none::test_rows_become_levels`") == [
        "test_gate::test_nothing",
        "test_none::test_rows_become_levels",
    ]


def test_every_threat_is_closed_and_shown_or_said_to_be_open():
    found = list(rows())
    assert len(found) > 25
    for threat, closed, shown, left in found:
        assert closed, threat
        assert NAMED.search(shown) or left, threat


def test_every_name_in_the_shown_column_is_a_test():
    for threat, _, shown, _ in rows():
        names = [name.strip("` ") for name in shown.split(",") if name.strip()]
        assert [name for name in names if not NAMED.fullmatch(f"`{name}`")] == [], threat
