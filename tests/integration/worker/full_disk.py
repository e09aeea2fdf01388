"""A small disk of its own that a test can fill and free again."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.missing import missing

_SIZE = "4m"


class SmallDisk:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Take every block but `leave`."""
        with contextlib.suppress(OSError), self._ballast.open("ab", buffering=0) as stream:
            while leave == 0 or os.statvfs(self.path).f_bavail > leave:
                stream.write(b"\0" * os.statvfs(self.path).f_bsize)

    def free(self) -> None:
        self._ballast.unlink()


@contextmanager
def small_disk(path: Path) -> Iterator[SmallDisk]:
    """Mount a small tmpfs: skipped where that may not be done, never in CI."""
    path.mkdir()
    command = ("mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=0700", "tmpfs", str(path))
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode:
        missing(f"no tmpfs can be mounted: {said.stderr.strip()}")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(("umount", "--lazy", str(path)), check=True)
