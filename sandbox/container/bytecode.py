"""Bytecode for a layer, compiled by an image's own Python inside a container of that image."""

import io
import re
from collections.abc import Collection
from pathlib import Path

from sandbox.container import frames
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

    Only bytecode of the named sources is taken. Raises PlatformFault `bytecode_invalid` or
    `frames_invalid`.
    """
    job = Job(image, _OWNER, (*_COMMAND, *folders), _TIME_S, _MAX_BYTES)
    said = collect(runtime, job, run_root)
    stream = io.BytesIO(said)
    found: dict[str, bytes] = {}
    for frame in frames.frames(stream, len(said)):
        if source_of(frame.path) not in sources:
            raise PlatformFault("bytecode_invalid")
        found[frame.path[1:]] = frames.content(stream, frame)
    return found


def source_of(path: str) -> str | None:
    """The source (as a name in a layer) whose bytecode lies at an absolute path."""
    match = _PATH.fullmatch(path)
    return f"{match['folder']}/{match['module']}.py" if match else None
