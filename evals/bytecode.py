"""Compiles Python files inside a container of an image and hands the bytecode over the socket.

`bytecode.py DIR…`: for each `*.py` below, in sorted order, a frame with its bytecode. The files
say `unchecked-hash` (PEP 552): they hold no time stamp, so that equal sources make equal layers,
and Python never compares them again.

A frame is one line of JSON, `{"path", "size", "executable"}`, and that many bytes. The last one
is `{"frames": …}` with the number of those before: without it the answer was cut off.
"""

import json
import os
import py_compile
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.util import cache_from_source

SOCKET = "/assay/gateway.sock"

File = tuple[str, bytes, bool]

_BUFFER = 1 << 18


def main(folders: list[str]) -> int:
    """Compile and send everything. Files that are no Python of this version are left out."""
    with tempfile.TemporaryDirectory() as scratch:
        send(SOCKET, _compiled(folders, f"{scratch}/pyc"))
    return 0


def send(socket_path: str, files: Iterable[File]) -> None:
    """Send files as frames over a unix socket: path, content, whether it is executable."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
        end.connect(socket_path)
        with end.makefile("wb", buffering=_BUFFER) as out:
            count = 0
            for path, content, executable in files:
                head = {"path": path, "size": len(content), "executable": executable}
                out.write(json.dumps(head).encode() + b"\n" + content)
                count += 1
            out.write(json.dumps({"frames": count}).encode() + b"\n")


def refuse(socket_path: str, why: str) -> None:
    """Send a reason, one word that the host knows, in the place of frames."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
        end.connect(socket_path)
        end.sendall(json.dumps({"refused": why}).encode() + b"\n")


def compiled(source: str, name: str, scratch: str) -> bytes | None:
    """Bytecode of a source that will lie at `name`; None when it is no Python of this version."""
    try:
        py_compile.compile(
            source,
            scratch,
            dfile=name,
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    except (py_compile.PyCompileError, OSError):
        return None
    return read(scratch)


def read(path: str) -> bytes:
    """A file's content."""
    with open(path, "rb") as stream:  # noqa: PTH123  # pathlib is slow to import
        return stream.read()


def _compiled(folders: list[str], scratch: str) -> Iterator[File]:
    for source in sorted(_sources(folders)):
        content = compiled(source, source, scratch)
        if content is not None:
            yield cache_from_source(source), content, False


def _sources(folders: list[str]) -> list[str]:
    return [
        f"{folder}/{name}"
        for start in folders
        for folder, _, names in os.walk(start)
        for name in names
        if name.endswith(".py")
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
