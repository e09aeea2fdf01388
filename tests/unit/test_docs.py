"""The documentation is in step with what it documents."""

import re
import tomllib
from pathlib import Path

import typer.main

from harness.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
OPERATIONS = (ROOT / "docs/operations.md").read_text()


def commands(command=None, words=("assay",)):
    """Every command that does something, as it is typed."""
    command = command or typer.main.get_command(app)
    children = getattr(command, "commands", {})
    if not children:
        yield " ".join(words)
    for name, child in children.items():
        yield from commands(child, (*words, name))


def broken_links(page, text):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    return [
        target for target in targets
        if "://" not in target and not (page.parent / target).exists()
    ]  # fmt: skip


def test_every_command_is_in_the_operations_page():
    found = list(commands())
    assert len(found) > 15
    assert [command for command in found if f"`{command}" not in OPERATIONS] == []


def test_links_lead_somewhere():
    found = {str(page.relative_to(ROOT)): broken_links(page, page.read_text()) for page in PAGES}
    assert {page: links for page, links in found.items() if links} == {}


def test_the_index_leads_to_every_page():
    index = (ROOT / "docs/index.md").read_text()
    pages = [
        str(page.relative_to(ROOT / "docs")) for page in PAGES
        if page.is_relative_to(ROOT / "docs") and page.name not in {"index.md", "0000-template.md"}
    ]  # fmt: skip
    assert [page for page in pages if f"]({page}" not in index] == []


def test_every_make_command_in_the_documentation_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = "\n".join(page.read_text() for page in PAGES)
    asked = set(re.findall(r"(?:^    |`)make ([a-z]+)", text, re.MULTILINE))
    assert {"demo", "test", "check", "bench"} <= asked
    assert asked - targets == set()


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    extra = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *extra["dp"], *groups["dev"], *groups["demo"]]
    names = [re.match(r"[A-Za-z0-9-]+", line).group() for line in wanted]
    table = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    told = {name for cell in table for name in cell.split(", ")}
    assert [name for name in names if name not in told] == []


def test_a_broken_link_is_seen():
    assert broken_links(ROOT / "README.md", "[x](docs/none.md) [y](https://a.example/b)") == [
        "docs/none.md"
    ]
