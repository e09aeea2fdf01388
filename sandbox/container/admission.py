"""Image admission: what an image may bring along besides its files. Pure.

An image's volumes would be writable host disk under a read-only root, its environment reaches
every process, its labels could pass for those of a run. The run spec sets all of that itself.
Each reason starts with the field it is about, as the engine's `inspect` names it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from evals import wire
from sandbox.container import contents, labels

# Names the run spec sets anyway; an image may set them, and no other.
_ENVIRONMENT = frozenset({"PATH", "LANG", "LC_ALL", "TZ"})
_FORBIDDEN = {
    "Volumes": "a volume is writable disk of the host",
    "Healthcheck": "the engine would start it inside every run",
    "OnBuild": "it acts in images that are built on this one",
    "ExposedPorts": "a run has no network",
    "Entrypoint": "the launcher is the first process",
}
# A name is repeated only where it is one: nobody's sentences enter a message.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_MOST = 40

# The code of an image that has only this problem, and what to do about it.
OUTDATED = "image_outdated"
_OTHER_WIRE = (
    f"{labels.WIRE} is not {wire.VERSION}: the image was built by another "
    "version of Assay; build one with `assay images build` and agree on a protocol with it"
)


def problems(shown: Mapping[str, Any] | None) -> tuple[str, ...]:
    """List every reason to refuse an image, by the engine's `inspect` answer; none is good."""
    if shown is None:
        return ("no such image on this engine",)
    found = list(_problems(shown))
    rest = len(found) - _MOST
    return (*found[:_MOST], *([f"and {rest} reasons more"] if rest > 0 else []))


def only_outdated(found: tuple[str, ...]) -> bool:
    """Whether nothing is wrong with an image but that its runs speak another wire than ours."""
    return found == (f"Config.Labels: the label {_OTHER_WIRE}",)


def _problems(shown: Mapping[str, Any]) -> Iterator[str]:
    config = shown.get("Config") or {}
    for name, reason in _FORBIDDEN.items():
        if config.get(name):
            yield f"Config.{name}: is set; {reason}"
    for number, entry in enumerate(config.get("Env") or []):
        name = str(entry).partition("=")[0]
        if name not in _ENVIRONMENT:
            named = f" {name}" if _NAME.fullmatch(name) else ""
            yield f"Config.Env[{number}]: sets the variable{named}, which reaches every process"
    yield from (f"Config.Labels: the label {reason}" for reason in _of_labels(config))
    if not (shown.get("RootFS") or {}).get("Layers"):
        yield "RootFS.Layers: is empty; an image brings files"
    for name, needed in (("Os", "linux"), ("Architecture", "amd64")):
        if shown.get(name) != needed:
            yield f"{name}: is not {needed}"


def _of_labels(config: Mapping[str, Any]) -> Iterator[str]:
    carried = config.get("Labels") or {}
    for name in labels.OF_CONTAINERS:
        if name in carried:
            yield f"{name} is reserved for containers"
    if labels.SOURCE not in carried:
        yield f"{labels.SOURCE} is missing"
    if carried.get(labels.WIRE) != str(wire.VERSION):
        yield _OTHER_WIRE
    yield from contents.read(carried)[1]
