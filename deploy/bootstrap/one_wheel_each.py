"""Reads a lock from a file and prints it with one wheel each: the base image's.

A lock with the hashes of all platforms would leave open which wheel is meant.
usage: one_wheel_each.py LOCK, from the project's folder
"""

# ruff: noqa: INP001 - a script beside shell scripts, no package
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, ".")

from sandbox.container import fetch, locks, wheels


def main(source: str) -> int:
    """Fetch the wheels, which checks them, and name each by its hash."""
    lock = locks.read(Path(source).read_text())
    if lock.problems:
        sys.exit("\n".join(lock.problems))
    with tempfile.TemporaryDirectory() as name:
        fetch.fetch(lock.pins, Path(name), lambda _line: None)
        chosen = wheels.choose(lock.pins, Path(name))
    if chosen.problems:
        sys.exit("\n".join(chosen.problems))
    for wheel in chosen.wheels:
        sys.stdout.write(
            f"{wheel.pin.name}=={wheel.pin.version} \\\n    --hash=sha256:{wheel.sha256}\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
