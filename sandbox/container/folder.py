"""The run directory: the one thing that host and container share, read-only inside.

<run root>/<8 hex>/        0750 root:U
    gateway.sock           0660 root:U, made by the gateway
    run.json               0440 root:U
    suite/                 0550 root:U, the unpacked suite
"""

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import PlatformFault

SOCKET = "gateway.sock"
RUN_FILE = "run.json"
SUITE = "suite"
# sun_path holds 108 bytes with its final NUL.
_LONGEST_SOCKET = 107


@dataclass(frozen=True, slots=True)
class Folder:
    """A run directory that exists."""

    path: Path

    @property
    def socket(self) -> Path:
        """Where the gateway listens."""
        return self.path / SOCKET

    def remove(self) -> None:
        """Remove it with everything in it. Idempotent."""
        shutil.rmtree(self.path, ignore_errors=True)


def make(root: Path, uid: int, run_file: bytes, suite: Mapping[str, bytes]) -> Folder:
    """Make a run directory that only root may write and only group `uid` may read.

    Raises PlatformFault "run_folder" when it cannot be made as it must be; nothing is left.
    """
    folder = Folder(root / secrets.token_hex(4))
    if len(os.fsencode(folder.socket)) > _LONGEST_SOCKET:
        raise PlatformFault("run_folder", "the run root is too long for a unix socket")
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o711)
        folder.path.mkdir(mode=0o750)
        _give(folder.path, uid, 0o750)
        _write(folder.path / RUN_FILE, uid, run_file)
        (folder.path / SUITE).mkdir()
        for name, content in suite.items():
            target = folder.path / SUITE / name
            for parent in reversed(target.relative_to(folder.path / SUITE).parents[:-1]):
                (folder.path / SUITE / parent).mkdir(exist_ok=True)
                _give(folder.path / SUITE / parent, uid, 0o550)
            _write(target, uid, content)
        _give(folder.path / SUITE, uid, 0o550)
    except OSError as error:
        folder.remove()
        raise PlatformFault(
            "run_folder", f"the run folder cannot be made: {error.strerror}"
        ) from None
    return folder


def _write(path: Path, uid: int, content: bytes) -> None:
    path.write_bytes(content)
    _give(path, uid, 0o440)


def _give(path: Path, uid: int, mode: int) -> None:
    os.chown(path, 0, uid)
    path.chmod(mode)
