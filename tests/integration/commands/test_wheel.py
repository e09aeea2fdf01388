import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.support.missing import missing

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_the_wheel_brings_the_migrations_and_the_catalog(wheel):
    names = set(wheel.namelist())
    versions = {f"migrations/versions/{p.name}" for p in ROOT.glob("migrations/versions/*.py")}
    assert versions
    assert versions | {"migrations/env.py"} <= names
    assert [name for name in names if name.startswith("evals/catalog/") and name.endswith(".jsonl")]


def test_the_wheel_brings_the_pages_and_what_they_need(wheel):
    built = {path.name for path in ROOT.glob("web/static/vendor/*")}
    if not built:
        missing("the files of the pages are not there: make front")
    needed = {"tabler.min.css", "htmx.min.js", "icons.svg"}
    assert built == needed
    names = set(wheel.namelist())
    ours = [*ROOT.glob("web/templates/**/*.html"), *ROOT.glob("web/static/*.*")]
    assert {str(path.relative_to(ROOT)) for path in ours} <= names
    assert {f"web/static/vendor/{name}" for name in needed} <= names
    assert [name for name in names if name.startswith("web/front/")] == []


def test_the_wheel_brings_code_and_nothing_of_the_workshop(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    code = {"evals", "sandbox", "harness", "web", "migrations"}
    assert tops == code | {f"assay-{version}.dist-info"}


def test_the_wheel_makes_the_command(wheel):
    (entry,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "assay = harness.cli.main:" in wheel.read(entry).decode()
