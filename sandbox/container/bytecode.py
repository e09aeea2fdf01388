"""Bytecode for a layer, compiled by an image's own Python inside a container of that image."""

import json
import re
from collections.abc import Collection
from pathlib import Path

from sandbox.container.collector import Job, collect
from sandbox.container.runtime import ContainerRuntime
from sandbox.errors import PlatformFault

_COMMAND = ("/usr/bin/python3", "-I", "-S", "/opt/assay/evals/bytecode.py")
_OWNER = "images"
_TIME_S = 300.0
_MAX_BYTES = 256 * 1024 * 1024
_PATH = re.compile(r"/(?P<folder>.+)/__pycache__/(?P<module>[^/]+)\.cpython-\d+\.pyc")


def compile_inside(
    runtime: ContainerRuntime,
    image: str,
    folders: tuple[str, ...],
    sources: Collection[str],
    run_root: Path,
) -> dict[str, bytes]:
    """Compile all Python below the folders; names and contents of the files for a layer.

    Only bytecode of the named sources is taken. Raises PlatformFault `bytecode_invalid`.
    """
    job = Job(image, _OWNER, (*_COMMAND, *folders), _TIME_S, _MAX_BYTES)
    said = collect(runtime, job, run_root)
    found: dict[str, bytes] = {}
    at = 0
    while at < len(said):
        line_end = said.find(b"\n", at)
        try:
            head = json.loads(said[at:line_end])
            path, size = str(head["path"]), int(head["size"])
        except (ValueError, KeyError, TypeError):
            raise PlatformFault("bytecode_invalid") from None
        at = line_end + 1 + size
        match = _PATH.fullmatch(path)
        if not match or f"{match['folder']}/{match['module']}.py" not in sources or at > len(said):
            raise PlatformFault("bytecode_invalid")
        found[path[1:]] = said[line_end + 1 : at]
    return found
