"""Image admission: what an image may bring along besides its files. Pure.

An image's volumes would be writable host disk under a read-only root, its environment reaches
every process, its labels could pass for those of a run. The run spec sets all of that itself.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.container import labels

# Names the run spec sets anyway; an image may set them, and no other.
_ENVIRONMENT = frozenset({"PATH", "LANG", "LC_ALL", "TZ"})
_FORBIDDEN = ("Volumes", "Healthcheck", "OnBuild", "ExposedPorts", "Entrypoint")


def problems(shown: Mapping[str, Any] | None) -> tuple[str, ...]:
    """List every reason to refuse an image, by the engine's `inspect` answer; none is good."""
    if shown is None:
        return ("no such image on this engine",)
    config = shown.get("Config") or {}
    found = [f"{name} is set" for name in _FORBIDDEN if config.get(name)]
    for entry in config.get("Env") or []:
        name = str(entry).partition("=")[0]
        if name not in _ENVIRONMENT:
            found.append("Env sets a variable that is not allowed")
            break
    carried = config.get("Labels") or {}
    found.extend(f"label {name} is reserved" for name in labels.OF_CONTAINERS if name in carried)
    if labels.SOURCE not in carried:
        found.append(f"label {labels.SOURCE} is missing")
    if (shown.get("Os"), shown.get("Architecture")) != ("linux", "amd64"):
        found.append("not built for linux/amd64")
    return tuple(found)
