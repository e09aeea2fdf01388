"""The base file system: Debian with a full Python, put together without any image registry."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from sandbox.container.layers import EPOCH
from sandbox.errors import PlatformFault

RELEASE = "bookworm"
PACKAGES = ("python3", "ca-certificates", "libstdc++6")

# A host of the same release knows which mirror it may use; elsewhere the tool's default is taken.
_HOST_SOURCES = (
    Path("/etc/apt/sources.list.d/debian.sources"),
    Path("/etc/apt/sources.list"),
)


def file_system(target: Path, progress: Callable[[str], None]) -> None:
    """Write the tar of a fresh root file system; about half a minute, and needs apt's mirrors.

    Raises PlatformFault `mmdebstrap_missing` or `base_failed`.
    """
    tool = shutil.which("mmdebstrap")
    if tool is None:
        raise PlatformFault(
            "mmdebstrap_missing", "mmdebstrap is missing: apt-get install mmdebstrap"
        )
    command = [
        tool,
        "--variant=essential",
        f"--include={','.join(PACKAGES)}",
        "--format=tar",
        RELEASE,
        str(target),
        *_sources(),
    ]
    last = ""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=os.environ | {"SOURCE_DATE_EPOCH": str(EPOCH), "LC_ALL": "C.UTF-8"},
    ) as process:
        for line in process.stderr or ():
            kind, _, text = line.strip().partition(": ")
            if kind == "I":
                progress(f"base: {text}")
            elif kind == "E":
                last = text
    if process.returncode != 0:
        raise PlatformFault("base_failed", f"mmdebstrap failed: {last or 'no reason given'}")


def _sources() -> list[str]:
    try:
        release = Path("/etc/os-release").read_text()
    except OSError:
        return []
    if f"VERSION_CODENAME={RELEASE}" not in release.split():
        return []
    return [str(path) for path in _HOST_SOURCES if path.is_file() and path.stat().st_size][:1]
