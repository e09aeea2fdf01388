"""The lock of a suite's own wheels: whether it may be one."""

from collections.abc import Iterator, Mapping

from evals.manifest import Manifest
from sandbox.container import images


def problems(parsed: Manifest, files: Mapping[str, bytes]) -> Iterator[str]:
    """Every reason to refuse the lock of a suite's own wheels, by file and line."""
    lock = parsed.runtime.lock
    if lock is None:
        return
    try:
        text = files[lock.file].decode("ascii")
    except UnicodeDecodeError:
        yield f"{lock.file}: is not plain ASCII text"
        return
    for problem in images.lock_problems(parsed.runtime.flavour, text):
        yield f"{lock.file}: {problem}"
