"""Images: built without a registry, admitted, remembered by id."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import InvalidInput, NotFound, Unavailable
from harness.records import platform as rows
from harness.records.base import Act
from harness.services.platform.opening import Platform, Site
from sandbox.container import images
from sandbox.container.docker import DockerRuntime
from sandbox.errors import EngineUnavailable, ImageRefused, PlatformFault

FLAVOUR = "base"


def owner(platform: Site) -> str:
    """Label of every container that this data folder starts: what its reaper may remove."""
    return hashlib.sha256(str(platform.settings.data_dir.resolve()).encode()).hexdigest()[:16]


def build(platform: Platform, progress: Callable[[str], None]) -> rows.Image:
    """Build the base image unless this version's is there already, and remember it."""
    work = platform.settings.data_dir / "images"
    work.mkdir(exist_ok=True, mode=0o700)
    with speaking():
        record = images.build(DockerRuntime(), work, progress)
    return _remember(platform, record.id, dict(record.packages))


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
        image_id = images.load(runtime, source)
        images.admit(runtime, image_id)
    return _remember(platform, image_id, {})


def newest(platform: Platform) -> rows.Image:
    """The image that new protocols pin. Raises NotFound."""
    with platform.database.read() as session:
        image = rows.newest_image(session, FLAVOUR)
    if image is None:
        raise NotFound("no image yet: run `assay images build`")
    return image


def _remember(platform: Platform, image_id: str, packages: dict[str, str]) -> rows.Image:
    row = rows.Image(id=image_id, flavour=FLAVOUR, packages=packages, added_at=platform.clock())
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
