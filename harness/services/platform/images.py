"""Images: built without a registry, admitted, remembered by id."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.manifest import FLAVOURS
from harness.documents import packed
from harness.errors import InvalidInput, NotFound, Unavailable
from harness.records import platform as rows
from harness.records.base import Act
from harness.services.platform import locks
from harness.services.platform.opening import Platform, Site
from sandbox.container import images
from sandbox.container import sbom as bill
from sandbox.container.contents import BASE
from sandbox.container.docker import DockerRuntime
from sandbox.container.images import ImageRecord
from sandbox.errors import EngineUnavailable, ImageRefused, PlatformFault


@dataclass(frozen=True, slots=True)
class Shown:
    """An image as this engine has it, and when it was added here."""

    record: ImageRecord
    added_at: float


def owner(platform: Site) -> str:
    """Label of every container that this data folder starts: what its reaper may remove."""
    return hashlib.sha256(str(platform.settings.data_dir.resolve()).encode()).hexdigest()[:16]


def build(
    platform: Platform,
    progress: Callable[[str], None],
    flavour: str = BASE,
    wheels: Path | None = None,
) -> rows.Image:
    """Build a flavour's image unless this version's is there already, and remember it.

    With `wheels` they come from that folder and no package index is asked. Raises InvalidInput.
    """
    problems = tuple(_wrong(flavour, wheels))
    if problems:
        raise InvalidInput(problems)
    work = platform.settings.data_dir / "images"
    work.mkdir(exist_ok=True, mode=0o700)
    with speaking():
        record = images.build(DockerRuntime(), work, progress, flavour, wheels)
    return _remember(platform, record)


def build_for_suite(
    platform: Platform, archive: bytes, wheels: Path | None, progress: Callable[[str], None]
) -> rows.Image:
    """Build the image that a packed suite asks for, with its own wheels from a folder.

    Raises InvalidInput with every reason.
    """
    parsed, files = packed.open_archive(archive)
    lock = parsed.runtime.lock
    if lock is None:
        raise InvalidInput(
            "--suite: this suite brings no lock; "
            f"`assay images build --flavour {parsed.runtime.flavour}` makes its image"
        )
    problems = list(locks.problems(parsed, files))
    if wheels is None or not wheels.is_dir():
        problems.append("--wheels: name the folder of the wheels that the suite's lock names")
    if problems or wheels is None:
        raise InvalidInput(problems)
    work = platform.settings.data_dir / "images"
    work.mkdir(exist_ok=True, mode=0o700)
    with speaking():
        record = images.for_suite(
            DockerRuntime(),
            work,
            progress,
            flavour=parsed.runtime.flavour,
            lock=files[lock.file].decode(),
            wheels=wheels,
        )
    return _remember(platform, record)


def export(platform: Platform, target: Path) -> str:
    """Write the newest image to a file that `images import` reads elsewhere; its id."""
    image = newest(platform)
    if not target.parent.is_dir():
        raise InvalidInput(f"{target.parent}: no such folder")
    with speaking():
        images.export(DockerRuntime(), image.id, target)
    return image.id


def load(platform: Platform, source: Path) -> rows.Image:
    """Load an exported image, admit it and remember it."""
    if not source.is_file():
        raise InvalidInput(f"{source}: no such file")
    runtime = DockerRuntime()
    with speaking():
        record = images.describe(runtime, images.load(runtime, source))
    return _remember(platform, record)


def known(platform: Platform) -> Sequence[rows.Image]:
    """Every image that was added here, newest first."""
    with platform.database.read() as session:
        return rows.images(session)


def show(platform: Platform, image_id: str) -> Shown:
    """What is in an image that was added here. Raises NotFound, InvalidInput."""
    with platform.database.read() as session:
        row = rows.image(session, image_id)
    if row is None:
        raise NotFound("no image of this id was added here: see `assay images list`")
    with speaking():
        return Shown(images.describe(DockerRuntime(), row.id), row.added_at)


def sbom(platform: Platform, image_id: str) -> dict[str, Any]:
    """The software bill of materials of an image, CycloneDX 1.6. Raises as `show`."""
    return bill.document(show(platform, image_id).record)


def newest(platform: Platform) -> rows.Image:
    """The image that new protocols pin. Raises NotFound."""
    with platform.database.read() as session:
        image = rows.newest_image(session, BASE)
    if image is None:
        raise NotFound("no image yet: run `assay images build`")
    return image


def _wrong(flavour: str, wheels: Path | None) -> Iterator[str]:
    if flavour not in FLAVOURS:
        yield f"--flavour: no such flavour; known: {', '.join(FLAVOURS)}"
    if wheels is None:
        return
    if flavour == BASE:
        yield f"--wheels: the flavour {BASE} has no wheels"
    if not wheels.is_dir():
        yield f"--wheels: {wheels}: no such folder"


def _remember(platform: Platform, record: ImageRecord) -> rows.Image:
    row = rows.Image(
        id=record.id,
        flavour=record.flavour,
        lock=record.lock,
        packages=dict(record.packages),
        added_at=platform.clock(),
    )
    with platform.database.write() as session:
        rows.put_image(session, row, Act("operator", "add image", row.added_at))
    return row


@contextmanager
def speaking() -> Iterator[None]:
    """Turn the sandbox's faults into sentences for a person."""
    try:
        yield
    except ImageRefused as error:
        raise InvalidInput(error.problems) from None
    except EngineUnavailable:
        raise Unavailable(
            "the container engine does not answer: start Docker, then see `assay doctor`"
        ) from None
    except PlatformFault as fault:
        raise Unavailable(str(fault)) from None
