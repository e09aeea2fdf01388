"""Wheels from a package index into a folder, by the host's own pip and its settings.

Pip only fetches: it looks at wheels for the image's Python alone, and what it brings is checked
against the lock by us before it stays. Nothing of a wheel runs here.
"""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.container import locks, wheels
from sandbox.container.locks import Pin
from sandbox.errors import PlatformFault

_PYTHON = "".join(map(str, wheels.PYTHON))
_AT_ONCE = 2
_LONGEST_REASON = 300


def fetch(pins: Sequence[Pin], folder: Path, progress: Callable[[str], None]) -> None:
    """Bring every wheel that the folder lacks; needs a package index only then.

    Raises PlatformFault `pip_missing` or `fetch_failed`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    here = {wheel.pin.name for wheel in wheels.choose(pins, folder, others=True).wheels}
    absent = [pin for pin in pins if pin.name not in here]
    if not absent:
        return
    if importlib.util.find_spec("pip") is None:
        raise PlatformFault("pip_missing", f"pip is missing: {sys.executable} -m ensurepip")
    progress(f"wheels: fetching {len(absent)} of {len(pins)}")
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=folder) as name:
        part = Path(name)
        _download(absent, part)
        chosen = wheels.choose(absent, part, others=True)
        if chosen.problems:
            raise PlatformFault("fetch_failed", "; ".join(chosen.problems))
        for wheel in chosen.wheels:
            shutil.move(wheel.path, folder / wheel.path.name)


def _download(pins: Sequence[Pin], folder: Path) -> None:
    """Fetch in a few processes at once: reading an index takes pip longer than the wheels do."""
    running = []
    for number in range(min(_AT_ONCE, len(pins))):
        lock = folder / f"lock-{number}.txt"
        lock.write_text(locks.text_of(tuple(pins[number::_AT_ONCE])))
        running.append(
            subprocess.Popen(
                _command(lock, folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        )
    said = [process.communicate()[1] for process in running]
    if any(process.returncode for process in running):
        raise PlatformFault("fetch_failed", f"pip could not fetch the wheels: {_reason(said)}")


def _command(lock: Path, folder: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-input", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
        *("--implementation", "cp", "--python-version", ".".join(map(str, wheels.PYTHON))),
        *(part for abi in (f"cp{_PYTHON}", "abi3", "none") for part in ("--abi", abi)),
        *(part for one in wheels.platforms() for part in ("--platform", one)),
        *("--dest", str(folder), "--requirement", str(lock)),
    ]


def _reason(said: Sequence[str]) -> str:
    lines = [line.partition("ERROR: ")[2] for text in said for line in text.splitlines()]
    found = [line for line in lines if line and line.isprintable()]
    return found[0][:_LONGEST_REASON] if found else "no reason given"
