"""Rules of the house that the linters cannot hold; CONTRIBUTING.md tells them to people."""

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("evals", "sandbox", "harness", "web")


def tree():
    """Every file of the project: what git tracks and what it would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    return sorted({ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()})


def python_files(*folders):
    return [
        path
        for path in tree()
        if path.suffix == ".py" and (not folders or path.relative_to(ROOT).parts[0] in folders)
    ]


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


def imported_modules(source):
    """Every module that a file names in an import, at any depth, lazy ones included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module
        elif (
            isinstance(node, ast.Call)
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
            and getattr(node.func, "attr", getattr(node.func, "id", ""))
            in {"import_module", "__import__", "find_spec"}
        ):
            yield node.args[0].value


def imports_of(source, top):
    return [name for name in imported_modules(source) if name.split(".")[0] == top]


def is_docstring_only(source):
    body = ast.parse(source).body
    return len(body) == 1 and ast.get_docstring(ast.parse(source)) is not None


# The linter of imports is blind to a parent's __init__.py: code there runs for every child.
def test_package_files_hold_a_docstring_only():
    files = [path for path in python_files(*PACKAGES) if path.name == "__init__.py"]
    assert len(files) > 5
    assert names(path for path in files if not is_docstring_only(path.read_text())) == []


def test_files_stay_small():
    lengths = {path: len(path.read_text().splitlines()) for path in python_files()}
    assert names(path for path, length in lengths.items() if length > 400) == []
    ours = [
        length for path, length in lengths.items()
        if path.relative_to(ROOT).parts[0] in PACKAGES and path.name != "__init__.py"
    ]  # fmt: skip
    assert statistics.median(ours) <= 120


# Spelt in parts, so that this file does not hold what it looks for.
REGISTRIES = [
    "pypi" + ".org", "pythonhosted" + ".org", "deb.debian" + ".org", "security.debian" + ".org",
    "registry.npmjs" + ".org", "registry-1.docker" + ".io", "index.docker" + ".io", "ghcr" + ".io",
    "quay" + ".io", "gcr" + ".io",
]  # fmt: skip
MACHINE_PATHS = [
    "/" + "work/",
    "/" + "tmp/plan",
    "/opt/" + "wheels",
    "/opt/" + "pypi",
    ".py" + "env/",
]


def forbidden_places(text):
    return [place for place in (*REGISTRIES, *MACHINE_PATHS) if place in text]


def test_nothing_names_a_registry_or_a_path_of_one_machine():
    found = {}
    for path in tree():
        text = path.read_bytes().decode("utf-8", errors="replace")
        if places := forbidden_places(text):
            found[str(path.relative_to(ROOT))] = places
    assert found == {}


def test_the_import_contracts_hold():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT, capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


# Whoever holds the engine's socket is root, so one file holds it. Lazy imports count. Tests look
# at the engine by themselves, to be witnesses of what that file did.
def test_one_file_imports_docker():
    files = [path for path in python_files() if path.relative_to(ROOT).parts[0] != "tests"]
    importers = [path for path in files if imports_of(path.read_text(), "docker")]
    assert names(importers) == ["sandbox/container/docker.py"]


def guest_imports(source):
    allowed = sys.stdlib_module_names | {"evals"}
    process = {"subprocess", "multiprocessing", "pty"}
    return [
        name for name in imported_modules(source)
        if name.split(".")[0] not in allowed or name.split(".")[0] in process
    ]  # fmt: skip


# The image holds Python alone. Adapters import their framework, which their own image brings.
def test_the_guest_needs_the_standard_library_only():
    files = [p for p in python_files("evals") if "adapters" not in p.relative_to(ROOT).parts]
    found = {str(p.relative_to(ROOT)): guest_imports(p.read_text()) for p in files}
    assert {path: modules for path, modules in found.items() if modules} == {}


def test_verifying_loads_no_database():
    code = "import sys, harness.tlog.verify; sys.exit('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0


def pins(lock):
    return dict(re.findall(r"^([a-z0-9_.-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_locks_name_packages_and_hashes_and_nothing_else(lock):
    line = re.compile(
        r"#.*|[a-z0-9_.-]+==[^\s;]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    )
    text = (ROOT / lock).read_text()
    assert [row for row in text.splitlines() if not line.fullmatch(row)] == []
    blocks = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert blocks
    assert [block for block in blocks if "--hash=" not in block] == []
    assert "://" not in text


def test_developers_run_what_users_run():
    users, developers = pins("requirements.lock"), pins("requirements-dev.lock")
    assert users.items() <= pins("requirements-dp.lock").items() <= developers.items()
    assert not pins("requirements-demo.lock").keys() & developers.keys()


# A rule that never fires is no rule: each check sees its own violation.
def test_migrations_follow_each_other_in_one_line():
    # Two changes that each add the next one merge without a conflict.
    found = [path for path in tree() if path.parent == ROOT / "migrations/versions"]
    told = [
        dict(re.findall(r'^(revision|down_revision) = "?(\w+)"?$', path.read_text(), re.MULTILINE))
        for path in found
    ]
    numbers = [path.name.partition("_")[0] for path in found]
    assert numbers == [f"{number:04}" for number in range(1, len(found) + 1)]
    assert [one["revision"] for one in told] == numbers
    assert [one["down_revision"] for one in told] == ["None", *numbers[:-1]]


def test_each_rule_sees_a_violation():
    assert not is_docstring_only('"""Words."""\nimport os\n')
    assert imports_of("def f():\n    import docker.errors\n", "docker")
    assert imports_of("import importlib\nimportlib.import_module('docker')\n", "docker")
    assert guest_imports("from requests import get") == ["requests"]
    assert guest_imports("import subprocess") == ["subprocess"]
    assert forbidden_places("https://" + REGISTRIES[0] + "/simple") == [REGISTRIES[0]]
    assert forbidden_places("cd /" + "work/main") == ["/" + "work/"]
    assert forbidden_places("tmpfs at /" + "work and /tmp") == []
