"""Run directories: the one thing of the host's that a container sees, and sees read-only.

Each is `<run root>/<8 hex>`, owned by root and the run's group. Whoever made it holds a lock on
it, which the kernel drops with the process: what nobody holds is left over and may go.
"""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from sandbox.errors import PlatformFault

SOCKET = "gateway.sock"
RUN_FILE = "run.json"
SUITE = "suite"

_NAME = re.compile(r"[0-9a-f]{8}")
_LONGEST_SOCKET = 107  # sun_path of unix(7), less its final zero


@contextmanager
def run_dir(root: Path, uid: int, files: Mapping[str, bytes], owner: int = 0) -> Iterator[Path]:
    """Make a run directory with these files (relative names), and remove it afterwards.

    `uid` and `owner` are the host's ids of the run's group and of the container's root.

    Raises PlatformFault `run_root_too_long`, `unsafe_name`, or `run_dir_failed` when it cannot
    be made (usually: not root, or a full disk).
    """
    path, held = _make(root, uid, files, owner)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(held)


def sweep(root: Path) -> list[Path]:
    """Remove the directories that no live process holds; returns them."""
    gone: list[Path] = []
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if not _NAME.fullmatch(path.name) or path.is_symlink() or not path.is_dir():
            continue
        held = _lock(path)
        if held is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(held)
            gone.append(path)
    return gone


def _make(root: Path, uid: int, files: Mapping[str, bytes], owner: int) -> tuple[Path, int]:
    name = secrets.token_hex(4)
    path = root / name
    if len(os.fsencode(path / SOCKET)) > _LONGEST_SOCKET:
        raise PlatformFault("run_root_too_long", "the run folder's path is too long for a socket")
    if not all(map(_safe, files)):
        raise PlatformFault("unsafe_name")
    made = root / f".{name}"
    held: int | None = None
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o711)
        made.mkdir(mode=0o700)
        held = _lock(made)
        if held is None:
            raise PlatformFault("run_dir_failed")
        for relative, content in files.items():
            _write(made, relative, content)
        _hand_over(made, uid, owner)
        # Only now does it bear a name that a sweep looks at: it is never seen unlocked.
        made.rename(path)
    except OSError as error:
        shutil.rmtree(made, ignore_errors=True)
        if held is not None:
            os.close(held)
        why = os.strerror(error.errno or 0)
        raise PlatformFault("run_dir_failed", f"no run directory in {root}: {why}") from None
    return path, held


def _lock(path: Path) -> int | None:
    try:
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return held


def _write(made: Path, relative: str, content: bytes) -> None:
    target = made / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def _hand_over(made: Path, uid: int, owner: int) -> None:
    for folder, _, names in os.walk(made):
        os.chown(folder, owner, uid)
        Path(folder).chmod(0o750)
        for name in names:
            file = Path(folder, name)
            os.chown(file, owner, uid)
            file.chmod(0o440)


def _safe(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\0" not in name
