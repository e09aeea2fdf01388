"""The guest stands on the standard library alone and starts light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULES = sorted(
    path
    for path in (ROOT / "evals").rglob("*.py")
    if "adapters" not in path.relative_to(ROOT).parts
)
HEAVY = {"asyncio", "dataclasses", "inspect", "logging", "pathlib", "ssl", "subprocess", "decimal"}


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_standard_library_and_no_subprocess(path):
    names = imported(ast.parse(path.read_text()))
    assert names <= sys.stdlib_module_names | {"evals"}
    assert "subprocess" not in names


def test_the_check_sees_what_it_forbids():
    tree = ast.parse("def f():\n    import httpx.client\n    from subprocess import run\n")
    assert imported(tree) == {"httpx", "subprocess"}


def test_the_first_process_loads_nothing_heavy():
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from evals import supervisor;"
        "print(' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    assert "evals.runner" in loaded
    assert loaded & HEAVY == set()
