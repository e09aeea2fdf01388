"""Who holds the container engine: this process, or the launcher that it asks."""

import os
import socket
from pathlib import Path
from typing import Final

from harness.config import Settings
from sandbox.container.docker import DockerRuntime
from sandbox.container.facts import Facts
from sandbox.container.remote import LauncherRuntime

_UNIX: Final = "unix://"
_DEFAULT: Final = _UNIX + "/var/run/docker.sock"
_KNOCK_S: Final = 2.0


def runtime(settings: Settings) -> DockerRuntime | LauncherRuntime:
    """Where this process has its containers made."""
    return LauncherRuntime(Path(settings.launcher)) if settings.launcher else DockerRuntime()


def version(settings: Settings) -> str:
    """Name engine, runtime and kernel. Raises EngineUnavailable."""
    return runtime(settings).version()


def facts(settings: Settings) -> Facts | None:
    """What the engine says of itself and its host; None where the launcher alone can ask it.

    Raises EngineUnavailable.
    """
    if settings.launcher and not can_be_opened():
        return None
    return DockerRuntime().facts()


def can_be_opened() -> bool:
    """Whether this very process could speak to the engine itself: then it is as good as root."""
    url = os.environ.get("DOCKER_HOST") or _DEFAULT
    if not url.startswith(_UNIX):
        # Over a network: whoever knows the address can.
        return True
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
        end.settimeout(_KNOCK_S)
        try:
            end.connect(url.removeprefix(_UNIX))
        except OSError:
            return False
    return True
