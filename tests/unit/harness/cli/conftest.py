"""The command line as its users meet it: words in; exit status, output and errors out."""

import io
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from harness import config
from harness.cli import main, output
from harness.services.platform.opening import open_platform
from tests.support import world as worlds

SUM = [(f"What is {i} plus {i + 1}?", str(2 * i + 1)) for i in range(40)]


@dataclass
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    def one(self, name):
        """The value of a line `name  value` in the output."""
        found = [line.split(None, 1)[1] for line in self.out.splitlines() if line.startswith(name)]
        assert len(found) == 1, self
        return found[0]


def command(folder, *words, stdin=b""):
    """Run a command in this process, by the program's own entry point, in a folder."""
    streams = [io.TextIOWrapper(io.BytesIO(content), "utf-8") for content in (stdin, b"", b"")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_DATA_DIR", str(folder / "data"))
        patch.setenv("COLUMNS", "100")
        patch.delenv("FORCE_COLOR", raising=False)
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["assay", *map(str, words)])
        for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
            patch.setattr(sys, name, stream)
        patch.setattr(output.out, "stderr", False)
        try:
            main.main()
            status = 0
        except SystemExit as leaving:
            status = leaving.code or 0
    for stream in streams[1:]:
        stream.flush()
    return Done(status, *(stream.buffer.getvalue().decode() for stream in streams[1:]))


@pytest.fixture
def assay(tmp_path):
    """Run a command in an empty folder of its own."""
    return partial(command, tmp_path)


@contextmanager
def opened(folder):
    """The platform of a folder that commands have made."""
    platform = open_platform(config.Settings(data_dir=folder / "data"))
    try:
        yield platform
    finally:
        platform.database.close()


def write_suite(folder, **changes):
    """An author's folder with a suite of forty sums; the folder."""
    folder.mkdir()
    for name, content in worlds.suite_files(SUM).items():
        text = content.decode()
        for before, after in changes.get(name.partition(".")[0], ()):
            assert before in text
            text = text.replace(before, after)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def suite(tmp_path):
    """A suite's folder."""
    return write_suite(tmp_path / "sums")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """A data folder made by commands alone, but for the image, which needs an engine."""
    folder = tmp_path_factory.mktemp("prepared")
    for words in (
        ("db", "upgrade"),
        ("keys", "new", "auditor.pem", "--type", "ed25519"),
        ("keys", "new", "vendor.pem"),
        ("keys", "new", "other.pem"),
        ("org", "add", "university", "--role", "auditor", "--key", "auditor.pem.pub"),
        ("org", "add", "maker", "--role", "vendor", "--key", "vendor.pem.pub"),
        ("org", "add", "rival", "--role", "vendor", "--key", "other.pem.pub"),
        (
            *("model", "add", "small", "--org", "maker", "--base-url", "http://127.0.0.1:9/v1"),
            *("--upstream", "small-1", "--snapshot", "one"),
        ),
    ):
        done = command(folder, *words, stdin=b"an-invented-credential\n")
        assert done.status == 0, done
    sums = write_suite(folder / "sums")
    words = ("suite", "submit", sums, "--org", "university", "--key", "auditor.pem")
    digest = command(folder, *words).one("digest")
    shutil.rmtree(sums)
    with opened(folder) as platform:
        worlds.World(platform).image()
    return folder, digest


@pytest.fixture
def place(prepared, tmp_path):
    """A copy of that folder in the test's own; the digest of the suite submitted there."""
    folder, digest = prepared
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return digest


@pytest.fixture
def proposed(assay, place):
    """Id of a proposed protocol."""
    words = ("--suite", place, "--model", "small", "--org", "university", "--key", "auditor.pem")
    done = assay("protocol", "propose", *words)
    assert done.status == 0, done
    return done.one("proposed")


def snapshot(folder: Path):
    """Every file below a folder with its bytes."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
