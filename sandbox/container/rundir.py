"""Run directories: the one thing of the host's that a container sees, and sees read-only.

Each is `<run root>/<8 hex>`, owned by root and the run's group; one that the launcher makes is the
worker's instead of root's. Whoever made it holds a lock on it, which the kernel drops with the
process: what nobody holds is left over and may go.
"""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath

from sandbox.errors import PlatformFault

SOCKET = "gateway.sock"
RUN_FILE = "run.json"
SUITE = "suite"

_NAME = re.compile(r"[0-9a-f]{8}")
_UNFINISHED_S = 60.0
_LONGEST_SOCKET = 107  # sun_path of unix(7), less its final zero


def place(root: Path, run: str, attempt: int, phase: str) -> Path:
    """Where the directory of one container of a run is: both sides derive the same."""
    name = hashlib.sha256(f"{run} {attempt} {phase}".encode()).hexdigest()[:8]
    return root / name


@contextmanager
def run_dir(root: Path, uid: int, files: Mapping[str, bytes], owner: int = 0) -> Iterator[Path]:
    """A directory with a name of its own, as `folder` makes it."""
    path = root / secrets.token_hex(4)
    with folder(path, uid, files, owner):
        yield path


@contextmanager
def folder(path: Path, uid: int, files: Mapping[str, bytes], owner: int = 0) -> Iterator[None]:
    """Make a run directory with these files (relative names), and remove it afterwards.

    `uid` and `owner` are the host's ids of the run's group and of the container's root.

    Raises PlatformFault `run_root_too_long`, `unsafe_name`, or `run_dir_failed` when it cannot
    be made (usually: not root, or a full disk).
    """

    def arrange(made: Path) -> None:
        _write_all(made, files)
        _hand_over(made, uid, owner)

    held = _make(path, arrange)
    try:
        yield
    finally:
        remove(path, held)


def vacant(path: Path, owner: int, group: int) -> int:
    """Make an empty run directory for somebody else to fill; the lock on it.

    Whatever `owner` makes in it belongs to the run's group, although the owner is not in it.
    Raises as `folder`.
    """

    def arrange(made: Path) -> None:
        os.chown(made, owner, group)
        made.chmod(0o2750)

    return _make(path, arrange)


def fill(path: Path, files: Mapping[str, bytes]) -> None:
    """Put files into a directory that `vacant` has made. Raises as `folder`."""
    try:
        _write_all(path, files)
        for inside, _, names in os.walk(path):
            for name in names:
                Path(inside, name).chmod(0o440)
            if inside != str(path):
                Path(inside).chmod(0o750)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise PlatformFault("run_dir_failed", f"run directory not filled: {why}") from None


def clear(path: Path) -> None:
    """Remove what is in a directory that `vacant` has made, as far as that goes."""
    for inside in path.iterdir() if path.is_dir() else ():
        if inside.is_dir() and not inside.is_symlink():
            shutil.rmtree(inside, ignore_errors=True)
        else:
            inside.unlink(missing_ok=True)


def check(path: Path, owner: int, group: int) -> None:
    """Raise PlatformFault `run_dir_refused` unless it is what `vacant` has made, in its place."""
    try:
        root, found = path.parent.lstat(), path.lstat()
    except OSError:
        raise PlatformFault("run_dir_refused") from None
    ours = stat.S_ISDIR(root.st_mode) and root.st_uid == os.geteuid()
    # Nobody else can put another directory in its place.
    alone = not root.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    plain = stat.S_ISDIR(found.st_mode) and (found.st_uid, found.st_gid) == (owner, group)
    if not (ours and alone and plain):
        raise PlatformFault("run_dir_refused")


def remove(path: Path, held: int) -> None:
    """Remove a directory and give its lock back."""
    try:
        _erase(path)
    finally:
        os.close(held)


def sweep(root: Path) -> list[Path]:
    """Remove the directories that no live process holds; returns them."""
    gone: list[Path] = []
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if not _ours(path):
            continue
        held = _lock(path)
        if held is not None:
            remove(path, held)
            gone.append(path)
    return gone


def _ours(path: Path) -> bool:
    """Whether a sweep may look at it: a run's directory, or one that was never finished."""
    if path.is_symlink() or not path.is_dir():
        return False
    if _NAME.fullmatch(path.name):
        return True
    unfinished = _NAME.fullmatch(path.name.removeprefix("."))
    # Between its making and its lock lies a moment.
    return unfinished is not None and time.time() - path.stat().st_mtime > _UNFINISHED_S


def _make(path: Path, arrange: Callable[[Path], None]) -> int:
    if len(os.fsencode(path / SOCKET)) > _LONGEST_SOCKET:
        raise PlatformFault("run_root_too_long", "the run folder's path is too long for a socket")
    root = path.parent
    made = root / f".{secrets.token_hex(4)}"
    with ExitStack() as undo:
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o711)
            made.mkdir(mode=0o700)
            undo.callback(shutil.rmtree, made, ignore_errors=True)
            held = os.open(made, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            undo.callback(os.close, held)
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            arrange(made)
            # Only now does it bear a name that a sweep looks at: it is never seen unlocked.
            made.rename(path)
        except OSError as error:
            why = os.strerror(error.errno or 0)
            raise PlatformFault("run_dir_failed", f"no run directory in {root}: {why}") from None
        undo.pop_all()
    return held


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


def _erase(path: Path) -> None:
    # Whoever fills a folder may have made it deeper than Python goes; the rest must not stay, too.
    with suppress(RecursionError):
        shutil.rmtree(path, ignore_errors=True)


def _write_all(made: Path, files: Mapping[str, bytes]) -> None:
    if not all(map(_safe, files)):
        raise PlatformFault("unsafe_name")
    for relative, content in files.items():
        target = made / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _hand_over(made: Path, uid: int, owner: int) -> None:
    for inside, _, names in os.walk(made):
        os.chown(inside, owner, uid)
        Path(inside).chmod(0o750)
        for name in names:
            file = Path(inside, name)
            os.chown(file, owner, uid)
            file.chmod(0o440)


def _safe(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\0" not in name
