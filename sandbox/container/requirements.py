"""What an operator requires of a host before anything runs on it (`ASSAY_SANDBOX_REQUIRE`). Pure.

Words: `userns`, `lsm`, `cgroup_v2`, `min_runc:X.Y.Z`, `runtime:NAME`. None is ever dropped: what
is not met, or not understood, refuses every run.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from sandbox.container.facts import Facts

_PLAIN: Final[dict[str, tuple[Callable[[Facts], bool], str, str]]] = {
    "userns": (
        lambda facts: facts.userns,
        "the engine maps a container's users to the host's own",
        "start it with userns-remap",
    ),
    "lsm": (
        lambda facts: facts.confined,
        "no security module confines containers",
        "switch AppArmor or SELinux on, in the kernel and in the engine",
    ),
    "cgroup_v2": (
        lambda facts: facts.cgroups > 1,
        "control groups are of version 1",
        "boot with systemd.unified_cgroup_hierarchy=1",
    ),
}
_MIN_RUNC: Final = re.compile(r"min_runc:(\d{1,4}(?:\.\d{1,4}){0,2})")
_RUNTIME: Final = re.compile(r"runtime:([a-z][a-z0-9_.-]{0,31})")


def unmet(words: tuple[str, ...], facts: Facts) -> Iterator[tuple[str, str, str]]:
    """What is required and not there: the word, what the host has instead, and what helps."""
    for word in words:
        if word in _PLAIN:
            holds, instead, remedy = _PLAIN[word]
            if not holds(facts):
                yield word, instead, remedy
        elif found := _MIN_RUNC.fullmatch(word):
            if _numbers(facts.runc) < _numbers(found[1]):
                has = f"runc is {facts.runc}" if facts.runc else "the engine names no version"
                yield word, has, f"install runc {found[1]} or newer"
        elif found := _RUNTIME.fullmatch(word):
            if found[1] not in facts.runtimes:
                has = "the engine knows " + (", ".join(sorted(facts.runtimes)) or "no runtime")
                yield word, has, f"install {found[1]} and name it to the engine"
        else:
            yield word, "this means nothing here", "correct ASSAY_SANDBOX_REQUIRE"


def _numbers(version: str) -> tuple[int, ...]:
    """A version's leading numbers; what is no version is older than any."""
    found = re.match(r"v?(\d+(?:\.\d+)*)", version)
    numbers = [int(part) for part in found[1].split(".")] if found else []
    return tuple([*numbers, 0, 0, 0][:3]) if numbers else ()
