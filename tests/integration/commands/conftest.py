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
from harness.services.access import Actor
from harness.services.parties import people, tokens
from harness.services.platform.opening import open_platform
from tests.support import world as worlds
from tests.support.service import desk_of
from tests.support.serving import listening, serving
from web.app import create_app

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


def command(folder, *words, stdin=b"", environment=None):
    """Run a command in this process, by the program's own entry point, in a folder."""
    streams = [io.TextIOWrapper(io.BytesIO(content), "utf-8") for content in (stdin, b"", b"")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_DATA_DIR", str(folder / "data"))
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        for name in ("ASSAY_SERVER", "ASSAY_TOKEN"):
            patch.delenv(name, raising=False)
        for name, value in (environment or {}).items():
            patch.setenv(name, value)
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


class Front:
    """Serves whatever application it is given at the moment; a server per test would be slow."""

    app = None

    async def __call__(self, scope, receive, send):
        assert self.app is not None, "no test serves anything now"
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def front():
    """A real server on a port of its own: what it serves, and its URL."""
    found = Front()
    with listening() as door, serving(found, door) as url:
        yield found, url


@contextmanager
def behind(front, folder):
    """Serve a folder that commands have made."""
    found, _ = front
    with opened(folder) as platform:
        desk = desk_of(worlds.World(platform))
        found.app = create_app(desk, {}, sweep=False)
        yield worlds.World(platform)
        found.app = None
        desk.queue.close()


def login(folder, url, world, organisation, role, person):
    """Sign in with a fresh token, under a profile of the organisation's name."""
    with world.platform.database.write() as session:
        actor = Actor(organisation, role, person)
        _, secret = tokens.issue(session, world.platform, actor, "test", ["read", "write"], 9)
    words = ("login", url, "--token", "--profile", organisation)
    done = command(folder, *words, stdin=secret.encode() + b"\n")
    assert done.status == 0, done


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, front):
    """A data folder made by commands alone, but for tokens, and the image: it needs an engine."""
    folder, url = tmp_path_factory.mktemp("prepared"), front[1]

    def assay(*words, stdin=b""):
        done = command(folder, *words, stdin=stdin)
        assert done.status == 0, done
        return done

    assay("db", "upgrade")
    assay("keys", "new", "auditor.pem", "--type", "ed25519")
    assay("keys", "new", "vendor.pem")
    assay("keys", "new", "other.pem")
    with behind(front, folder) as world:
        with world.platform.database.write() as session:
            people.first_operator(session, world.platform)
        login(folder, url, world, "operator", "operator", "operator")
        for name, role, key in (
            ("university", "auditor", "auditor.pem.pub"),
            ("maker", "vendor", "vendor.pem.pub"),
            ("rival", "vendor", "other.pem.pub"),
        ):
            words = ("--role", role, "--key", key, "--profile", "operator")
            assay("org", "add", name, *words)
            assay("people", "add", f"{name}.person", "--org", name)
            login(folder, url, world, name, role, f"{name}.person")
        model = ("--base-url", "http://127.0.0.1:9/v1", "--upstream", "small-1")
        words = ("model", "add", "small", *model, "--snapshot", "one", "--profile", "maker")
        assay(*words, stdin=b"an-invented-credential\n")
        sums = write_suite(folder / "sums")
        words = ("suite", "submit", sums, "--profile", "university", "--key", "auditor.pem")
        digest = assay(*words).one("digest")
        shutil.rmtree(sums)
        world.image()
    return folder, digest


@pytest.fixture
def place(prepared, front, tmp_path):
    """A served copy of that folder in the test's own; the digest of the suite submitted there.

    Each organisation has a profile of its name.
    """
    folder, digest = prepared
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    with behind(front, tmp_path):
        yield digest


@pytest.fixture
def proposed(assay, place):
    """Id of a proposed protocol."""
    words = (
        "--suite",
        place,
        "--model",
        "small",
        "--profile",
        "university",
        "--key",
        "auditor.pem",
    )
    done = assay("protocol", "propose", *words)
    assert done.status == 0, done
    return done.one("proposed")


def snapshot(folder: Path):
    """Every file below a folder with its bytes."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
