"""What an engine says of itself and its host, read into plain values. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

_REMAPPED = re.compile(r"(\d+)\.(\d+)")
_CONFINING = {"apparmor", "selinux"}


@dataclass(frozen=True, slots=True)
class Facts:
    """One engine on one host. Versions are as the engine gives them, empty where it gives none.

    `id_offset` is the host's id of a container's id 0: 0 without user namespaces, None where the
    engine has them in a way that does not show it. `runtimes` are the names it can start.
    """

    engine: str
    containerd: str
    runc: str
    kernel: str
    cgroups: int
    security: frozenset[str]
    runtimes: frozenset[str]
    id_offset: int | None

    @property
    def line(self) -> str:
        """Everything with a version, in one line."""
        parts = [("Docker Engine", self.engine), ("containerd", self.containerd)]
        parts += [("runc", self.runc), ("kernel", self.kernel)]
        return ", ".join(f"{name} {version}" for name, version in parts if version)

    @property
    def userns(self) -> bool:
        """Whether a container's users are no users of the host's."""
        return "userns" in self.security

    @property
    def confined(self) -> bool:
        """Whether a security module confines containers."""
        return bool(_CONFINING & self.security)


def read(version: Mapping[str, Any], info: Mapping[str, Any]) -> Facts:
    """Read the answers to the Engine API's `GET /version` and `GET /info`."""
    parts = {
        str(part.get("Name")): str(part.get("Version") or "")
        for part in version.get("Components") or ()
    }
    security = frozenset(_names(info.get("SecurityOptions") or ()))
    return Facts(
        engine=parts.get("Engine") or str(version.get("Version") or ""),
        containerd=parts.get("containerd", ""),
        runc=parts.get("runc", ""),
        kernel=str(version.get("KernelVersion") or ""),
        cgroups=2 if str(info.get("CgroupVersion")) == "2" else 1,
        security=security,
        runtimes=frozenset(info.get("Runtimes") or ()),
        id_offset=_offset(security, str(info.get("DockerRootDir") or "")),
    )


def _names(options: Any) -> list[str]:
    """Names of the security options, each of which looks like `name=seccomp,profile=default`."""
    found = []
    for option in options:
        for field in str(option).split(","):
            name, _, value = field.partition("=")
            if name == "name":
                found.append(value)
    return found


def _offset(security: frozenset[str], root: str) -> int | None:
    """The remap's first host id: a remapping engine names its data folder by it, `<uid>.<gid>`."""
    if "rootless" in security:
        return None
    if "userns" not in security:
        return 0
    ids = _REMAPPED.fullmatch(PurePosixPath(root).name)
    # Two ranges that begin apart would need two offsets; nobody has a use for that.
    return int(ids[1]) if ids and ids[1] == ids[2] else None
