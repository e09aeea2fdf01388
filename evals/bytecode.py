"""Compiles Python files inside a container of an image and hands the bytecode over the socket.

`bytecode.py DIR…`: for each `*.py` below, in sorted order, one line of JSON
`{"path": …, "size": …}` and that many bytes. The files say `unchecked-hash` (PEP 552): they hold
no time stamp, so that equal sources make equal layers, and Python never compares them again.
"""

import json
import os
import py_compile
import socket
import sys
import tempfile
from importlib.util import cache_from_source

SOCKET = "/assay/gateway.sock"


def main(folders: list[str]) -> int:
    """Compile and send everything. Files that are no Python of this version are left out."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
        end.connect(SOCKET)
        with end.makefile("wb") as out, tempfile.TemporaryDirectory() as scratch:
            for source in sorted(_sources(folders)):
                compiled = f"{scratch}/pyc"
                try:
                    py_compile.compile(
                        source,
                        compiled,
                        doraise=True,
                        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                    )
                except (py_compile.PyCompileError, OSError):
                    continue
                with open(compiled, "rb") as stream:  # noqa: PTH123  # pathlib is slow to import
                    content = stream.read()
                head = {"path": cache_from_source(source), "size": len(content)}
                out.write(json.dumps(head).encode() + b"\n" + content)
    return 0


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
