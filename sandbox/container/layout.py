"""Where the files of wheels may lie in an image. Pure.

Checked twice by the same rule: before anything is installed, by the names in the wheels, and on
what the installing container sends. Places are names in a layer: no slash in front.
"""

import re
import sys
from collections.abc import Iterable

PYTHON = "python3.11"
PACKAGES = f"usr/local/lib/{PYTHON}/dist-packages"
SCRIPTS = "usr/local/bin"
_ROOTS = (PACKAGES, SCRIPTS, "usr/local/etc", "usr/local/include", "usr/local/share")

_LONGEST_NAME = 255
_LONGEST_PLACE = 1024
# A layer's way to remove or hide what lies below it (OCI image layer specification, whiteouts).
_WHITEOUT = ".wh."
# Run by Python itself at every start, without anybody importing them.
_RUN_AT_START = frozenset({"sitecustomize", "usercustomize"})
_OURS = frozenset({"evals"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def problem(place: str) -> str | None:
    """Say why a file must not lie at this place; None is good."""
    parts = place.split("/")
    if not _sound(place, parts):
        return "a file's name is no plain relative path"
    root = next((one for one in _ROOTS if place.startswith(f"{one}/")), None)
    if root is None:
        return "a file outside the folders of packages"
    if any(part.startswith(_WHITEOUT) for part in parts):
        return "a file whose name would remove others from the image"
    return _module_problem(place.removeprefix(f"{PACKAGES}/")) if root == PACKAGES else None


def _module_problem(name: str) -> str | None:
    top, slash, _ = name.partition("/")
    if not slash and top.endswith(".pth"):
        return "a .pth file, which Python runs at every start"
    module = top.partition(".")[0]
    if module in _RUN_AT_START:
        return f"{module}, which Python runs at every start"
    if module in _OURS:
        return f"the module {module} is ours"
    is_module = slash or top.endswith((".py", ".pyc", ".so"))
    if is_module and module in sys.stdlib_module_names:
        return f"the module {module} belongs to Python itself"
    return None


def problems(places: Iterable[str]) -> tuple[str, ...]:
    """List every reason once, in a fixed order."""
    return tuple(sorted({reason for place in places if (reason := problem(place))}))


def _sound(place: str, parts: list[str]) -> bool:
    try:
        encoded = place.encode()
    except UnicodeEncodeError:
        return False
    if "\\" in place or _CONTROL.search(place) or len(encoded) > _LONGEST_PLACE:
        return False
    return all(
        part not in {"", ".", ".."} and len(part.encode()) <= _LONGEST_NAME for part in parts
    )
