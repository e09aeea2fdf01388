"""A second container engine, for tests that kill, restart or configure one.

    with second_engine("--userns-remap=nobody:nogroup") as engine:
        DockerRuntime(engine.url).version()
        engine.kill()      # SIGKILL; containers go on without it
        engine.restart()   # and starts again, in the same folders

Its folders and control groups are its own and gone afterwards, and so are its processes. It lives
in a mount namespace of its own, in which `/etc/subuid` gives the range REMAP to `nobody`: so the
machine's own files are not touched, and no mount of it is ever seen outside. It has no bridge and
writes no firewall rules. A dead test process takes it along. A restart waits ten seconds for each
container that was left running, because a first process ignores the engine's SIGTERM.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import docker
import requests
from docker.errors import DockerException

from tests.support.missing import missing
from tests.support.waiting import until

REMAP = 300_000  # first host id of the range that remapped engines use here
USERNS = "--userns-remap=nobody:nogroup"

_START_S = 60
_TOOLS = ("dockerd", "containerd", "nsenter", "setpriv", "unshare")
_HOLDER = """
set -e
printf 'nobody:%s:65536\\n' "$2" >"$1/subuid"
printf 'nobody:%s:65536\\n' "$2" >"$1/subgid"
touch /etc/subuid /etc/subgid
mount --bind "$1/subuid" /etc/subuid
mount --bind "$1/subgid" /etc/subgid
echo ready
exec cat
"""


@dataclass(slots=True)
class Engine2:
    """One engine; `pid` changes with a restart. `root` holds everything of it."""

    root: Path
    options: tuple[str, ...]
    holder: subprocess.Popen[str]
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        """Base URL for a client."""
        return f"unix://{self.root}/engine.sock"

    @property
    def pid(self) -> int:
        """Process of the daemon."""
        assert self.process is not None, "it does not run"
        return self.process.pid

    @property
    def log(self) -> str:
        """Everything that it has logged."""
        return (self.root / "log").read_text(errors="replace")

    def start(self) -> None:
        """Start it and wait until it answers."""
        # One that was killed leaves its number behind, which may be another process's by now.
        (self.root / "pid").unlink(missing_ok=True)
        command = [
            *("nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt"),
            *("setpriv", "--pdeathsig", "TERM"),
            "dockerd",
            f"--config-file={self.root}/daemon.json",
            f"--data-root={self.root}/data",
            f"--exec-root={self.root}/exec",
            f"--pidfile={self.root}/pid",
            f"--host={self.url}",
            f"--cgroup-parent=/{self.root.name}",
            *("--bridge=none", "--iptables=false", "--ip6tables=false"),
            *self.options,
        ]
        with (self.root / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        until(lambda: self.answers() or self._gone(), _START_S, "the engine answers")

    def _containerd(self) -> list[int]:
        return _processes(self.root, "cmdline", "containerd")

    def _gone(self) -> None:
        assert self.process is not None
        assert self.process.poll() is None, self.log

    def answers(self) -> bool:
        """Whether it answers now."""
        if not (self.root / "engine.sock").exists():
            return False
        try:
            with contextlib.closing(docker.APIClient(self.url, timeout=5)) as client:
                return bool(client.ping())
        except (DockerException, requests.exceptions.RequestException):
            return False

    def kill(self) -> None:
        """Kill the daemon with SIGKILL; its containers' own keepers stay."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the daemon in order; it takes its containers along."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Start it again, ending it in order first where it still runs."""
        self.stop()
        self.start()

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(_START_S)
            self.process = None
        (self.root / "engine.sock").unlink(missing_ok=True)
        # The kernel takes its containerd along; a daemon started before that is through waits for
        # one that never answers.
        until(lambda: not self._containerd(), _START_S, "containerd is gone")
        (self.root / "exec/containerd/containerd.pid").unlink(missing_ok=True)


@contextlib.contextmanager
def second_engine(*options: str) -> Iterator[Engine2]:
    """Run an engine with these options of dockerd; it answers in less than a second."""
    if os.geteuid() != 0:
        missing("a second engine needs root")
    if lacking := [name for name in _TOOLS if shutil.which(name) is None]:
        missing(f"a second engine needs {', '.join(lacking)}")
    # Short: sockets lie in it. Open to walk through: remapped users have folders below.
    root = Path(tempfile.mkdtemp(prefix="assay-e-", dir="/tmp"))
    root.chmod(0o711)
    (root / "daemon.json").write_text("{}\n")
    holder = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", _HOLDER, "sh", str(root), str(REMAP)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    engine = Engine2(root, options, holder)
    try:
        with holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "ready\n", "no mount namespace of its own"
            try:
                engine.start()
                yield engine
            finally:
                engine.kill()
                _end_all(root, holder.pid)
    finally:
        shutil.rmtree(root)


def _end_all(root: Path, holder: int) -> None:
    """Kill what the engine left behind, and remove the control groups that this leaves empty."""
    until(lambda: not _kill_others(root, holder), _START_S, "the engine's processes are gone")
    until(lambda: _remove_groups(root), _START_S, "its control groups are gone")


def _kill_others(root: Path, holder: int) -> bool:
    """Whether any was left, by two marks: its control group, and mounts that show the folder."""
    found = {pid for pid in _processes(root, "mountinfo") if pid != holder}
    for members in _groups(root, "cgroup.procs"):
        with contextlib.suppress(OSError):
            found.update(map(int, members.read_text().split()))
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(found)


def _remove_groups(root: Path) -> bool:
    """Whether all are gone; the kernel keeps one for a moment after its last process."""
    for folder in sorted(_groups(root, ""), reverse=True):
        with contextlib.suppress(OSError):
            folder.rmdir()
    return not _groups(root, "")


def _groups(root: Path, name: str) -> list[Path]:
    found = Path("/sys/fs/cgroup").glob(f"*/{root.name}")
    return [path for parent in found for path in (parent / name, *parent.glob(f"**/*/{name}"))]


def _processes(root: Path, file: str, name: str = "") -> list[int]:
    """Processes that name the folder in a file of theirs below /proc, with this name or any."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if name and (process / "comm").read_text() != f"{name}\n":
                continue
            if os.fsencode(root) in (process / file).read_bytes():
                found.append(int(process.name))
    return found
