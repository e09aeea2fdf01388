"""Which image a suite needs."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from evals.manifest import Runtime
from harness.errors import Unavailable
from harness.records import platform as rows


def lock_of(runtime: Runtime) -> str:
    """SHA-256 of the lock of a suite's own wheels, in hexadecimal; empty without any."""
    return "" if runtime.lock is None else runtime.lock.sha256


def newest(session: Session, runtime: Runtime) -> rows.Image:
    """The image that a new protocol over a suite pins. Raises Unavailable with the command."""
    found = rows.newest_image(session, runtime.flavour, lock_of(runtime))
    if found is not None:
        return found
    if runtime.lock is not None:
        raise Unavailable(
            "no image with the suite's own wheels yet: the operator runs "
            "`assay images build --suite FILE --wheels FOLDER`"
        )
    raise Unavailable(
        f"no image yet: the operator runs `assay images build --flavour {runtime.flavour}`"
    )


def mismatch(image: rows.Image | None, runtime: Runtime) -> Iterator[str]:
    """Why a protocol over a suite cannot pin an image."""
    if image is None:
        yield "suite.image: no admitted image has this id; see `assay images build`"
        return
    if image.flavour != runtime.flavour:
        yield f"suite.image: is of flavour {image.flavour}, the suite needs {runtime.flavour}"
    if image.lock != lock_of(runtime):
        yield "suite.image: holds other wheels than the suite's own lock names"
