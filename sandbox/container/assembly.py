"""Putting images together from layers: work folders, archives, labels."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.container import archive, layers
from sandbox.container.runtime import Engine, ImageStore
from sandbox.errors import PlatformFault

Progress = Callable[[str], None]

_SHORT = 12
_REFUSED = "load_refused"


@dataclass(frozen=True, slots=True)
class Bench:
    """Where a build happens: the engine, its scratch folder, short paths for sockets."""

    engine: Engine
    scratch: Path
    run_root: Path
    progress: Progress


@contextmanager
def bench(engine: Engine, work_dir: Path, progress: Progress) -> Iterator[Bench]:
    """Folders for one build, removed afterwards. Raises PlatformFault `work_failed`."""
    work_dir.mkdir(parents=True, exist_ok=True)
    # A socket's path must be short, whatever the working folder's is.
    with _folder("build-", work_dir) as scratch, _folder("assay-", None) as run_root:
        try:
            yield Bench(engine, scratch, run_root, progress)
        except OSError as error:
            raise PlatformFault("work_failed", f"{work_dir}: {error.strerror}") from None


def new_layer(scratch: Path, files: Mapping[str, bytes]) -> archive.Layer:
    """Write files as a layer."""
    part = scratch / "layer.tar"
    layers.write(part, files)
    one = archive.layer(part)
    return archive.Layer(part.rename(scratch / f"{short(one.digest)}.tar"), one.digest)


def load(
    at: Bench,
    below: str | None,
    stack: Sequence[archive.Layer],
    carried: Mapping[str, str],
    tag: str | None,
) -> str:
    """Load an image of layers on top of another image's; its id.

    Raises PlatformFault `load_refused`.
    """
    try:
        # The engine reads no layer that it has already: empty ones stand in for these.
        return _load(at, [*_stand_ins(at, below), *stack], carried, tag)
    except PlatformFault as fault:
        if below is None or fault.code != _REFUSED:
            raise
    return _load(at, [*layers_of(at, below), *stack], carried, tag)


def layers_of(at: Bench, image: str) -> list[archive.Layer]:
    """The layers of an image, fetched from the engine."""
    path = at.scratch / "saved.tar"
    at.engine.save_image(image, path)
    try:
        return archive.extract_layers(path, at.scratch)
    finally:
        path.unlink()


def _load(
    at: Bench, stack: Sequence[archive.Layer], carried: Mapping[str, str], tag: str | None
) -> str:
    path = at.scratch / "image.tar"
    image = archive.write(path, stack, carried, tag)
    at.engine.load_image(path)
    path.unlink()
    if at.engine.image(image) is None:
        raise PlatformFault(_REFUSED, "the engine gave the image another id")
    return image


def _stand_ins(at: Bench, image: str | None) -> list[archive.Layer]:
    if image is None:
        return []
    empty = at.scratch / "empty"
    empty.touch()
    shown = at.engine.image(image) or {}
    return [archive.Layer(empty, digest) for digest in shown["RootFS"]["Layers"]]


def carried_by(engine: ImageStore, image: str) -> Mapping[str, Any]:
    """Labels of an image; none when it is absent."""
    return ((engine.image(image) or {}).get("Config") or {}).get("Labels") or {}


def text(value: Mapping[str, str]) -> str:
    """A mapping as a label's text, equal for equal content."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def digest(parts: Mapping[str, bytes]) -> str:
    """One digest over named parts, whatever their order."""
    whole = hashlib.sha256()
    for name in sorted(parts):
        whole.update(name.encode() + b"\0" + hashlib.sha256(parts[name]).digest())
    return "sha256:" + whole.hexdigest()


def short(name: str) -> str:
    """The start of a digest, for tags and file names."""
    return name.removeprefix("sha256:")[:_SHORT]


@contextmanager
def _folder(prefix: str, within: Path | None) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
