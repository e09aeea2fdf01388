"""Images without a registry: built from Debian's packages, equal for equal packages and code.

Two images: the base (Debian, Python, its bytecode) and on top the guest layer (our own guest
code). A digest of what they are made from is a label, so that a second build is a look-up.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import evals
from sandbox.container import admission, archive, base, labels, layers
from sandbox.container.bytecode import compile_inside
from sandbox.container.runtime import Engine, ImageStore
from sandbox.errors import ImageRefused, PlatformFault

Progress = Callable[[str], None]

_INSIDE = "opt/assay/evals"
_GUEST = Path(evals.__file__).resolve().parent
_LEFT_OUT = frozenset({"catalog", "__pycache__"})
_PYTHON = ("/usr/lib/python3", "/usr/lib/python3.11")
_NAMES = 12


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """An image that was built: its id, its first layer's digest, and what is in it."""

    id: str
    base_digest: str
    packages: Mapping[str, str]
    built_from: str


def build(engine: Engine, work_dir: Path, progress: Progress) -> ImageRecord:
    """Build the guest image unless this very code's is there already.

    `work_dir` needs about a gigabyte for the while; `progress` gets a line at each step. Raises
    PlatformFault (`mmdebstrap_missing`, `base_failed`, …) and EngineUnavailable.
    """
    found = current(engine)
    if found is not None:
        progress("image: up to date")
        return _record(engine, found)
    work_dir.mkdir(parents=True, exist_ok=True)
    with _scratch(work_dir) as scratch, _short_run_root() as run_root:
        base_id = _base(engine, scratch, run_root, progress)
        below = _layers_of(engine, base_id, scratch)
        packages = json.loads(_labels(engine, base_id)[labels.PACKAGES])
        progress("guest: compiling our own code inside a container")
        sources = guest_files()
        bare = _load(engine, scratch, [*below, _layer(scratch, sources)], {}, None)
        try:
            compiled = compile_inside(engine, bare, (f"/{_INSIDE}",), sources, run_root)
        finally:
            engine.remove_image(bare)
        progress("guest: loading the image")
        image = _load(
            engine,
            scratch,
            [*below, _layer(scratch, sources | compiled)],
            {labels.SOURCE: source_digest(), labels.PACKAGES: _text(packages)},
            f"assay-guest:{_short(source_digest())}",
        )
    admit(engine, image)
    progress(f"image: {image}")
    return _record(engine, image)


def current(engine: ImageStore) -> str | None:
    """Id of the image that was built from this very code, if the engine has it."""
    return min(engine.images(labels.SOURCE, source_digest()), default=None)


def admit(engine: ImageStore, image_id: str) -> None:
    """Refuse an image that brings more than files. Raises ImageRefused with every reason."""
    found = admission.problems(engine.image(image_id))
    if found:
        raise ImageRefused(found)


def export(engine: ImageStore, image_id: str, path: Path) -> None:
    """Write an image to a file, whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        engine.save_image(image_id, part)
        part.replace(path)
    except OSError as error:
        raise PlatformFault("export_failed", f"{path}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


def load(engine: ImageStore, path: Path) -> str:
    """Load an exported image and admit it; its id. A refused one does not stay.

    Raises ImageRefused.
    """
    image = archive.image_id(path)
    known = engine.image(image) is not None
    engine.load_image(path)
    try:
        admit(engine, image)
    except ImageRefused:
        if not known:
            engine.remove_image(image)
        raise
    return image


def guest_files() -> dict[str, bytes]:
    """Our own guest code by its place in the image; suites and data stay outside."""
    return {
        f"{_INSIDE}/{path.relative_to(_GUEST)}": path.read_bytes()
        for path in sorted(_GUEST.rglob("*.py"))
        if _LEFT_OUT.isdisjoint(path.relative_to(_GUEST).parts)
    }


def source_digest() -> str:
    """Digest of everything that decides the guest image, but the packages' versions."""
    return _digest({"base": base_recipe().encode(), **guest_files()})


def base_recipe() -> str:
    """Digest of everything that decides the base image, but the packages' versions."""
    here = Path(__file__).parent
    return _digest(
        {name: (here / name).read_bytes() for name in ("archive.py", "base.py", "layers.py")}
    )


def _base(engine: Engine, scratch: Path, run_root: Path, progress: Progress) -> str:
    recipe = base_recipe()
    found = min(engine.images(labels.BASE, recipe), default=None)
    if found is not None:
        progress("base: up to date")
        return found
    raw, flat = scratch / "raw.tar", scratch / "flat.tar"
    progress("base: fetching Debian's packages")
    base.file_system(raw, progress)
    progress("base: writing a reproducible layer")
    layers.flatten(raw, flat)
    raw.unlink()
    packages = layers.packages(layers.read_text(flat, "var/lib/dpkg/status"))
    files = archive.layer(flat)
    progress("base: compiling Python's own library inside a container")
    bare = _load(engine, scratch, [files, _layer(scratch, guest_files())], {}, None)
    try:
        sources = layers.names(flat)
        compiled = compile_inside(engine, bare, _PYTHON, sources, run_root)
    finally:
        engine.remove_image(bare)
    progress("base: loading the image")
    return _load(
        engine,
        scratch,
        [files, _layer(scratch, compiled)],
        {labels.BASE: recipe, labels.PACKAGES: _text(packages)},
        f"assay-base:{_short(recipe)}",
    )


def _layer(scratch: Path, files: Mapping[str, bytes]) -> archive.Layer:
    part = scratch / "layer.tar"
    layers.write(part, files)
    one = archive.layer(part)
    return archive.Layer(part.rename(scratch / f"{_short(one.digest)}.tar"), one.digest)


def _load(
    engine: ImageStore,
    scratch: Path,
    stack: list[archive.Layer],
    carried: Mapping[str, str],
    tag: str | None,
) -> str:
    path = scratch / "image.tar"
    image = archive.write(path, stack, carried, tag)
    engine.load_image(path)
    path.unlink()
    if engine.image(image) is None:
        raise PlatformFault("load_refused", "the engine gave the image another id")
    return image


def _layers_of(engine: ImageStore, image: str, scratch: Path) -> list[archive.Layer]:
    path = scratch / "saved.tar"
    engine.save_image(image, path)
    try:
        return archive.extract_layers(path, scratch)
    finally:
        path.unlink()


def _record(engine: ImageStore, image: str) -> ImageRecord:
    shown = engine.image(image) or {}
    carried = _labels(engine, image)
    return ImageRecord(
        id=image,
        base_digest=shown["RootFS"]["Layers"][0],
        packages=json.loads(carried[labels.PACKAGES]),
        built_from=carried[labels.SOURCE],
    )


def _labels(engine: ImageStore, image: str) -> Mapping[str, Any]:
    return ((engine.image(image) or {}).get("Config") or {}).get("Labels") or {}


def _text(packages: Mapping[str, str]) -> str:
    return json.dumps(packages, sort_keys=True, separators=(",", ":"))


def _digest(parts: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name in sorted(parts):
        whole.update(name.encode() + b"\0" + hashlib.sha256(parts[name]).digest())
    return "sha256:" + whole.hexdigest()


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:_NAMES]


@contextmanager
def _scratch(work_dir: Path) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="build-", dir=work_dir))
    try:
        yield path
    except OSError as error:
        raise PlatformFault("work_failed", f"{work_dir}: {error.strerror}") from None
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _short_run_root() -> Iterator[Path]:
    # A socket's path must be short, whatever the working folder's is.
    path = Path(tempfile.mkdtemp(prefix="assay-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
