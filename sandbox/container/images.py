"""Images without a registry: built from Debian's packages, equal for equal packages and code.

From below: the base (Debian, Python, its bytecode); for a flavour and for a suite, their locked
wheels; on top the guest layer (our own guest code). A digest of what an image is made from is a
label, so that a second build is a look-up.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import evals
from evals import wire
from sandbox.container import (
    admission,
    archive,
    assembly,
    base,
    contents,
    flavours,
    labels,
    layers,
    locks,
)
from sandbox.container.assembly import Bench, Progress
from sandbox.container.bytecode import compile_inside
from sandbox.container.contents import BASE
from sandbox.container.flavours import Stage
from sandbox.container.runtime import Engine, ImageStore
from sandbox.container.wheels import choose
from sandbox.errors import ImageRefused, PlatformFault

_INSIDE = "opt/assay/evals"
_GUEST = Path(evals.__file__).resolve().parent
_LEFT_OUT = frozenset({"catalog", "__pycache__"})
_PYTHON = ("/usr/lib/python3", "/usr/lib/python3.11")
_CACHE = "wheels"


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """An image that was built: its id, its first layer's digest, and what is in it.

    `packages` are Debian's versions by name; `wheels` a version and a SHA-256 by name; `lock` the
    SHA-256 of the lock of a suite's own wheels, in hexadecimal.
    """

    id: str
    base_digest: str
    packages: Mapping[str, str]
    built_from: str
    flavour: str = BASE
    lock: str = ""
    wheels: Mapping[str, str] = field(default_factory=dict)


def build(
    engine: Engine,
    work_dir: Path,
    progress: Progress,
    flavour: str = BASE,
    wheels: Path | None = None,
) -> ImageRecord:
    """Build a flavour's guest image unless this very code's is there already.

    `work_dir` needs a few gigabytes for the while, and keeps fetched wheels in its folder
    `wheels`; with `wheels` they come from there and no index is asked. `progress` gets a line at
    each step. Raises PlatformFault (`mmdebstrap_missing`, `base_failed`, `fetch_failed`,
    `no_such_flavour`, …), ImageRefused for what is wrong with `wheels`, and EngineUnavailable.
    """
    return _build(engine, work_dir, progress, flavours.stages(flavour, wheels))


def for_suite(
    engine: Engine,
    work_dir: Path,
    progress: Progress,
    *,
    flavour: str,
    lock: str,
    wheels: Path,
) -> ImageRecord:
    """Build a flavour's image with a suite's own wheels, from a folder of exactly these.

    What the flavour brings in the same version need not be there. Raises ImageRefused with every
    reason, OSError when the folder cannot be read, and what `build` raises.
    """
    below = flavours.stages(flavour)
    read = locks.read(lock)
    pins, _ = flavours.beside(read.pins, below)
    names = {pin.name for pin in read.pins} - {pin.name for pin in pins}
    problems = lock_problems(flavour, lock)
    problems += choose(pins, wheels, ignored=names).problems
    if problems:
        raise ImageRefused(problems)
    digest = hashlib.sha256(lock.encode()).hexdigest()
    stack = (*below, Stage("suite", flavour, pins, wheels, digest))
    return _build(engine, work_dir, progress, stack)


def lock_problems(flavour: str, lock: str) -> tuple[str, ...]:
    """Every reason to refuse a suite's lock, before its wheels are looked at."""
    read = locks.read(lock)
    pins, clashes = flavours.beside(read.pins, flavours.stages(flavour))
    if not pins and not clashes and not read.problems:
        clashes = (f"lock: the flavour {flavour} brings all of it; leave the lock out",)
    return (*read.problems, *clashes)


def current(engine: ImageStore, flavour: str = BASE) -> str | None:
    """Id of the image that was built from this very code, if the engine has it."""
    return _current(engine, flavours.stages(flavour))


def admit(engine: ImageStore, image_id: str) -> None:
    """Refuse an image that brings more than files, or whose runs speak another wire than ours.

    Raises ImageRefused with every reason; its code is `image_outdated` where that is the only one.
    """
    found = admission.problems(engine.image(image_id))
    if admission.only_outdated(found):
        raise ImageRefused(found, admission.OUTDATED)
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


def describe(engine: ImageStore, image_id: str) -> ImageRecord:
    """What an image says of itself. Raises ImageRefused for one that is absent or not ours."""
    admit(engine, image_id)
    return _record(engine, image_id)


def guest_files() -> dict[str, bytes]:
    """Our own guest code by its place in the image; suites and data stay outside."""
    return {
        f"{_INSIDE}/{path.relative_to(_GUEST)}": path.read_bytes()
        for path in sorted(_GUEST.rglob("*.py"))
        if _LEFT_OUT.isdisjoint(path.relative_to(_GUEST).parts)
    }


def source_digest(stack: Sequence[Stage] = ()) -> str:
    """Digest of everything that decides a guest image, but the Debian packages' versions."""
    return assembly.digest(
        {
            "base": base_recipe().encode(),
            # Images from before they said it have another digest, and are built anew.
            labels.WIRE: str(wire.VERSION).encode(),
            **guest_files(),
            **flavours.recipe(stack),
        }
    )


def base_recipe() -> str:
    """Digest of everything that decides the base image, but the packages' versions."""
    return flavours.base_recipe()


def _current(engine: ImageStore, stack: Sequence[Stage]) -> str | None:
    return min(engine.images(labels.SOURCE, source_digest(stack)), default=None)


def _build(
    engine: Engine,
    work_dir: Path,
    progress: Progress,
    stack: Sequence[Stage],
) -> ImageRecord:
    found = _current(engine, stack)
    if found is not None:
        progress("image: up to date")
        return _record(engine, found)
    with assembly.bench(engine, work_dir, progress) as at:
        image = _complete(at, stack, work_dir / _CACHE)
    admit(engine, image)
    progress(f"image: {image}")
    return _record(engine, image)


def _complete(at: Bench, stack: Sequence[Stage], cache: Path) -> str:
    """An image with our own code on top. Its layer is the same on whatever lies below."""
    found = _current(at.engine, stack)
    if found is not None:
        return found
    if not stack:
        return _guest(at)
    below = _dependencies(at, stack, cache)
    at.progress(f"{stack[-1].name}: loading the image")
    source = source_digest(stack)
    carried = assembly.carried_by(at.engine, below)
    (*_, top) = assembly.layers_of(at, _complete(at, (), cache))
    return assembly.load(
        at,
        below,
        [top],
        {
            labels.SOURCE: source,
            labels.WIRE: str(wire.VERSION),
            labels.FLAVOUR: stack[0].flavour,
            labels.PACKAGES: carried[labels.PACKAGES],
            labels.WHEELS: carried[labels.WHEELS],
            **({labels.LOCK: stack[-1].lock} if stack[-1].lock else {}),
        },
        f"assay-{stack[-1].name}:{assembly.short(source)}",
    )


def _dependencies(at: Bench, stack: Sequence[Stage], cache: Path) -> str:
    """An image without our own code: that of the stages before, and the last one's wheels."""
    if not stack:
        return _base(at)
    found = flavours.found(at.engine, stack)
    if found is not None:
        at.progress(f"{stack[-1].name}: dependencies are up to date")
        return found
    below = _dependencies(at, stack[:-1], cache)
    tools = _complete(at, stack[:-1], cache)
    return flavours.install_last(at, below, tools, stack, cache)


def _guest(at: Bench) -> str:
    bottom = _base(at)
    at.progress("guest: compiling our own code inside a container")
    sources = guest_files()
    bare = assembly.load(at, bottom, [assembly.new_layer(at.scratch, sources)], {}, None)
    try:
        compiled = compile_inside(at.engine, bare, (f"/{_INSIDE}",), sources, at.run_root)
    finally:
        at.engine.remove_image(bare)
    at.progress("guest: loading the image")
    return assembly.load(
        at,
        bottom,
        [assembly.new_layer(at.scratch, sources | compiled)],
        {
            labels.SOURCE: source_digest(),
            labels.WIRE: str(wire.VERSION),
            labels.PACKAGES: assembly.carried_by(at.engine, bottom)[labels.PACKAGES],
        },
        f"assay-guest:{assembly.short(source_digest())}",
    )


def _base(at: Bench) -> str:
    recipe = base_recipe()
    found = min(at.engine.images(labels.BASE, recipe), default=None)
    if found is not None:
        at.progress("base: up to date")
        return found
    raw, flat = at.scratch / "raw.tar", at.scratch / "flat.tar"
    at.progress("base: fetching Debian's packages")
    base.file_system(raw, at.progress)
    at.progress("base: writing a reproducible layer")
    layers.flatten(raw, flat)
    raw.unlink()
    packages = layers.packages(layers.read_text(flat, "var/lib/dpkg/status"))
    files = archive.layer(flat)
    at.progress("base: compiling Python's own library inside a container")
    bare = assembly.load(at, None, [files, assembly.new_layer(at.scratch, guest_files())], {}, None)
    try:
        sources = layers.names(flat)
        compiled = compile_inside(at.engine, bare, _PYTHON, sources, at.run_root)
    finally:
        at.engine.remove_image(bare)
    at.progress("base: loading the image")
    return assembly.load(
        at,
        None,
        [files, assembly.new_layer(at.scratch, compiled)],
        {labels.BASE: recipe, labels.PACKAGES: assembly.text(packages)},
        f"assay-base:{assembly.short(recipe)}",
    )


def _record(engine: ImageStore, image: str) -> ImageRecord:
    shown = engine.image(image) or {}
    carried = assembly.carried_by(engine, image)
    holds, _ = contents.read(carried)
    return ImageRecord(
        id=image,
        base_digest=shown["RootFS"]["Layers"][0],
        packages=holds.packages,
        built_from=carried[labels.SOURCE],
        flavour=holds.flavour,
        lock=holds.lock,
        wheels=holds.wheels,
    )
