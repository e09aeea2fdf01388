"""Installs locked wheels inside a container and hands the installed files over the socket.

The run directory holds a wheel of pip, the wheels and a lock of exactly these. Pip runs without a
network and without any package's own code; its own checks of hashes and tags come on top of the
host's. The answer is the frames of `evals.bytecode`: every file and each module's bytecode.
"""

import os
import runpy
import stat
import sys
from collections.abc import Iterator
from importlib.util import cache_from_source

if __name__ == "__main__":
    # Started by its path and without the site module: the package is not on the path yet.
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120

from evals import bytecode

RUN_DIR = "/assay"
# Memory like the other writable folders, but with room for more than 4096 files.
ROOM = "/dev/shm"  # noqa: S108 - the container's own


def main(run_dir: str = RUN_DIR, room: str = ROOM) -> int:
    """Install and send everything, or why not: pip refused, or files are `there` already."""
    root, gateway = f"{room}/root", f"{run_dir}/gateway.sock"
    if _pip(run_dir, root, room) != 0:
        bytecode.refuse(gateway, "pip")
    elif any(_in_the_way(path.removeprefix(root)) for path in _regular(root)):
        bytecode.refuse(gateway, "there")
    else:
        bytecode.send(gateway, _files(root, f"{room}/pyc"))
    return 0


def _pip(run_dir: str, root: str, room: str) -> int:
    (pip,) = (name for name in os.listdir(run_dir) if name.startswith("pip-"))  # noqa: PTH208
    sys.path.insert(0, f"{run_dir}/{pip}")
    os.environ["TMPDIR"] = room
    sys.argv = [
        *("pip", "--isolated", "--disable-pip-version-check", "--no-input", "--quiet"),
        *("install", "--no-cache-dir", "--no-compile", "--no-warn-script-location"),
        *("--no-index", "--require-hashes", "--no-deps", "--only-binary", ":all:"),
        # Debian keeps pip away from its own packages; these go to a folder of their own.
        *("--break-system-packages", "--root-user-action", "ignore"),
        *("--root", root, "--find-links", f"{run_dir}/wheels"),
        *("--requirement", f"{run_dir}/lock.txt"),
    ]
    try:
        runpy.run_module("pip", run_name="__main__", alter_sys=True)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    return 0


def _in_the_way(name: str) -> bool:
    """Whether this image has a file of that name, or one where a folder would have to be."""
    if os.path.lexists(name):
        return True
    folder = os.path.dirname(name)  # noqa: PTH120
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)  # noqa: PTH120
    return not os.path.isdir(folder)  # noqa: PTH112


def _files(root: str, scratch: str) -> Iterator[bytecode.File]:
    for source in sorted(_regular(root)):
        name = source.removeprefix(root)
        executable = bool(os.stat(source).st_mode & stat.S_IXUSR)  # noqa: PTH116
        yield name, bytecode.read(source), executable
        content = bytecode.compiled(source, name, scratch) if name.endswith(".py") else None
        if content is not None:
            yield cache_from_source(name), content, False


def _regular(root: str) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        # Bytecode that a wheel brings along is made anew from its source.
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            path = f"{folder}/{name}"
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield path


if __name__ == "__main__":
    sys.exit(main())
