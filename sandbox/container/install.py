"""A layer of installed wheels: pip in a container without network, its files written by us.

A few wheels at a time, so that memory stays small. What comes back is checked by the rules of
`layout`, and normalised: one owner, one time, two modes, one order.
"""

import io
import secrets
import tarfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sandbox.container import frames, layout
from sandbox.container.archive import Layer, layer
from sandbox.container.bytecode import source_of
from sandbox.container.collector import Job, collect_into
from sandbox.container.frames import Frame
from sandbox.container.layers import EPOCH
from sandbox.container.locks import text_of
from sandbox.container.runtime import ContainerRuntime
from sandbox.container.wheels import Wheel, batches, digest
from sandbox.errors import ImageRefused, PlatformFault
from sandbox.spec import Limits

_COMMAND = ("/usr/bin/python3", "-I", "-S", "/opt/assay/evals/install.py")
_OWNER = "images"
_TIME_S = 600.0
_AT_ONCE = 2
_BATCH = 160 * 1024 * 1024
_MIB = 1024 * 1024
# What pip and the compiler need beside the files; bytecode is about as large as its source.
_OVERHEAD = 256 * _MIB


@dataclass(frozen=True, slots=True)
class _Part:
    """What one container has sent, and where in it the files are."""

    said: Path
    files: Mapping[str, Frame]


def install(
    runtime: ContainerRuntime,
    image: str,
    chosen: Iterable[Wheel],
    pip: Wheel,
    scratch: Path,
    run_root: Path,
    progress: Callable[[str], None],
) -> Layer:
    """Install wheels with the Python of an image of ours; the layer lies in `scratch`.

    Raises ImageRefused when pip refuses or for files that must not be in an image, PlatformFault
    `wheel_changed` or `frames_invalid`, and what running a container raises.
    """
    groups = list(batches(chosen, _BATCH))
    progress(f"wheels: installing {sum(map(len, groups))} inside containers without network")

    def one(group: list[Wheel]) -> _Part:
        return _batch(runtime, _job(image, group, pip), scratch, run_root)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        parts = list(pool.map(one, groups))
    return _write(parts, scratch)


def _job(image: str, group: list[Wheel], pip: Wheel) -> Job:
    unpacked = sum(wheel.unpacked for wheel in group)
    room = 2 * unpacked + 16 * _MIB
    files = {f"wheels/{wheel.path.name}": _content(wheel) for wheel in group}
    return Job(
        image=image,
        owner=_OWNER,
        command=_COMMAND,
        time_s=_TIME_S,
        max_bytes=room + 64 * _MIB,
        files={
            **files,
            "lock.txt": text_of(tuple(wheel.pin for wheel in group)).encode(),
            pip.path.name: _content(pip),
        },
        limits=Limits(memory_bytes=room + _OVERHEAD, shm_bytes=room),
    )


def _content(wheel: Wheel) -> bytes:
    # Read once more after it was looked at: it must still be what the lock names.
    if digest(wheel.path) != wheel.sha256:
        raise PlatformFault("wheel_changed", f"{wheel.path}: changed while it was installed")
    return wheel.path.read_bytes()


def _batch(runtime: ContainerRuntime, job: Job, scratch: Path, run_root: Path) -> _Part:
    said = scratch / f"said-{secrets.token_hex(8)}"
    with said.open("w+b") as sink:
        collect_into(runtime, job, run_root, sink)
        found = {one.path: one for one in frames.frames(sink, sink.seek(0, io.SEEK_END))}
    if problems := layout.problems(path.removeprefix("/") for path in found):
        raise ImageRefused(problems)
    for path in found:
        if not path.startswith("/") or ("/__pycache__/" in path and not _has_source(path, found)):
            raise PlatformFault("frames_invalid")
    return _Part(said, {path[1:]: frame for path, frame in found.items()})


def _has_source(path: str, found: Mapping[str, Frame]) -> bool:
    return f"/{source_of(path)}" in found


def _write(parts: list[_Part], scratch: Path) -> Layer:
    places = {place: part for part in parts for place in part.files}
    if len(places) != sum(len(part.files) for part in parts):
        raise ImageRefused(("two wheels install the same file",))
    folders = {str(folder) for place in places for folder in Path(place).parents} - {"."}
    target = scratch / f"wheels-{secrets.token_hex(8)}.tar"
    streams = {part.said: part.said.open("rb") for part in parts}
    try:
        with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
            for place in sorted(folders | places.keys()):
                if place in places:
                    part = places[place]
                    frame = part.files[place]
                    stream = streams[part.said]
                    stream.seek(frame.at)
                    tar.addfile(_file(place, frame), stream)
                else:
                    tar.addfile(_folder(place))
    finally:
        for stream in streams.values():
            stream.close()
    for part in parts:
        part.said.unlink()
    return layer(target)


def _file(place: str, frame: Frame) -> tarfile.TarInfo:
    member = tarfile.TarInfo(place)
    member.size = frame.size
    member.mode = 0o755 if frame.executable else 0o644
    member.mtime = EPOCH
    return member


def _folder(place: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(place)
    member.type = tarfile.DIRTYPE
    member.mode = 0o755
    member.mtime = EPOCH
    return member
