"""A launcher's process, and a worker beside it that is nobody and finds no engine."""

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox.container.remote import LauncherRuntime
from sandbox.errors import EngineUnavailable
from tests.integration.worker.process_tree import WorkerTree
from tests.integration.worker.rig import TERMS, Rig
from tests.support import selftested
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[3]
USER = "nobody"
NO_ENGINE = "unix:///nonexistent/docker.sock"


# What the unit in deploy/systemd leaves to the launcher: making folders for others.
FEW = ("setpriv", "--bounding-set=-all,+chown,+dac_override,+fowner,+fsetid", "--no-new-privs")
# Once more from inside: the first program is started by one who may still go anywhere.
_LOOK = (
    "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', 'import harness']))"
)


def as_user() -> Sequence[str]:
    """Words before a command that has no rights at all, but for reading our own code.

    The checkout or its Python may lie in a folder of root's own; then one right is left, to read.
    Whoever may read everything may still connect to no socket and write nowhere.
    """
    who = pwd.getpwnam(USER)
    words = [
        *("setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups"),
        "--no-new-privs",
    ]
    looks = (*words, sys.executable, "-c", _LOOK)
    if subprocess.run(looks, cwd=ROOT, capture_output=True, check=False).returncode:
        words += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return words


class LauncherRig(Rig):
    """A rig whose worker is nobody; the launcher alone is root and has the engine."""

    def __init__(self, folder: Path, image: str) -> None:
        self.doors = Path(f"/run/assay-test-{secrets.token_hex(4)}")
        self.launchers: list[subprocess.Popen[bytes]] = []
        super().__init__(folder, image, launcher=str(self.doors / "launcher.sock"))
        self.remote = LauncherRuntime(self.doors / "launcher.sock")
        self.hand_over()

    def hand_over(self) -> None:
        """Let the data folder be the worker's."""
        who = pwd.getpwnam(USER)
        data = self.platform.settings.data_dir
        for path in (data, *data.rglob("*")):
            os.chown(path, who.pw_uid, who.pw_gid)

    def launch(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as stream:
            process = subprocess.Popen(
                (*FEW, sys.executable, "-m", "harness.cli.main", "launcher", "--user", USER),
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        self.launchers.append(process)
        until(lambda: self._heard() or process.poll() is not None, 60, "an answer of the launcher")
        assert process.poll() is None
        return process

    def _heard(self) -> bool:
        with contextlib.suppress(EngineUnavailable):
            return "Docker Engine" in self.remote.version()
        return False

    def work(self) -> WorkerTree:
        """A worker that is nobody, and for whom there is no engine."""
        environment = self.environment | {"DOCKER_HOST": NO_ENGINE, "HOME": "/nonexistent"}
        tree = WorkerTree(environment, self.log, as_user())
        self.workers.append(tree)
        return tree

    def close(self) -> None:
        try:
            super().close()
        finally:
            for process in self.launchers:
                process.kill()
                process.wait()
            shutil.rmtree(self.doors, ignore_errors=True)


@contextlib.contextmanager
def rigged(image):
    # Others must be able to pass through, as they must not in pytest's own folders.
    folder = Path(tempfile.mkdtemp(prefix="assay-l-"))
    folder.chmod(0o711)
    rig = LauncherRig(folder, image)
    selftested.remember(rig.platform, image)
    rig.hand_over()
    try:
        yield rig
    finally:
        rig.close()
        if rig.log.exists():
            print(rig.log.read_text(errors="replace")[-5000:])  # noqa: T201
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def launched(image_id):
    """A rig for the tests of one file."""
    with rigged(image_id) as rig:
        yield rig


@pytest.fixture
def rig(image_id):
    with rigged(image_id) as rig:
        yield rig


@pytest.fixture
def protocol(rig):
    made = rig.world.agree(rig.suite, TERMS)
    rig.hand_over()
    return made
