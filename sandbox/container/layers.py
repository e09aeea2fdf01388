"""Image layers as reproducible tar files: one order, one owner, one time, no privileges.

Equal content gives equal bytes whatever the machine, so a layer's digest names its content.
"""

import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

# 2025-01-01T00:00:00Z; any fixed moment would do.
EPOCH = 1_735_689_600

_DROPPED_TREES = (
    "boot",
    "dev",
    "etc/apt",
    "proc",
    "run",
    "sys",
    "tmp",
    "usr/share/bash-completion",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "var/cache",
    "var/lib/apt",
    "var/lib/dpkg/info",
    "var/lib/dpkg/triggers",
    "var/log",
)
# Of the machine that built it, or of the container that runs it.
_DROPPED_FILES = frozenset(
    {
        "etc/.pwd.lock",
        "etc/hostname",
        "etc/hosts",
        "etc/machine-id",
        "etc/mtab",
        "etc/resolv.conf",
        "var/lib/dbus/machine-id",
        "var/lib/dpkg/lock",
        "var/lib/dpkg/lock-frontend",
        "var/lib/dpkg/status-old",
        "var/lib/systemd/random-seed",
    }
)
_MOUNT_POINTS = ("assay", "dev", "opt", "proc", "run", "sys", "tmp", "work")
_STICKY = 0o1000
_KEPT_BITS = 0o1755


def flatten(source: Path, target: Path) -> None:
    """Write a root file system's tar as a normalised layer.

    Left out: devices, documentation other than licences, caches, logs, bytecode (it carries
    time stamps) and what names the building machine. setuid and setgid bits go, as do owners
    and extended attributes.
    """
    with tarfile.open(source) as old, _new(target) as layer:
        members = {_name(member): member for member in old.getmembers()}
        kept = {name: member for name, member in members.items() if _kept(name, member)}
        for name in _MOUNT_POINTS:
            kept.setdefault(name, _folder(name))
        for name in sorted(kept):
            _copy(old, layer, name, kept[name], members)


def write(target: Path, files: Mapping[str, bytes]) -> None:
    """Write a layer of plain files, with the folders above them."""
    folders = {
        str(parent)
        for name in files
        for parent in Path(name).parents
        if str(parent) not in {".", "/"}
    }
    with _new(target) as layer:
        for name in sorted(folders | files.keys()):
            if name in files:
                member = tarfile.TarInfo(name)
                member.mode = 0o644
                member.mtime = EPOCH
                member.size = len(files[name])
                layer.addfile(member, io.BytesIO(files[name]))
            else:
                layer.addfile(_folder(name))


def read_text(layer: Path, name: str) -> str:
    """Read one file of a layer. Raises KeyError when it is not there."""
    with tarfile.open(layer) as tar:
        stream = tar.extractfile(name)
        return stream.read().decode() if stream else ""


def names(layer: Path) -> frozenset[str]:
    """Names of everything in a layer."""
    with tarfile.open(layer) as tar:
        return frozenset(tar.getnames())


def _new(target: Path) -> tarfile.TarFile:
    return tarfile.open(target, "w", format=tarfile.PAX_FORMAT)


def _name(member: tarfile.TarInfo) -> str:
    return member.name.removeprefix("./").strip("/")


def _kept(name: str, member: tarfile.TarInfo) -> bool:
    if name in {"", "."} or name in _DROPPED_FILES or not (_is_plain(member)):
        return False
    if any(name == tree or name.startswith(tree + "/") for tree in _DROPPED_TREES):
        return False
    parts = name.split("/")
    if parts[:3] == ["usr", "share", "doc"]:
        return member.isdir() or parts[-1] == "copyright"
    return "__pycache__" not in parts and not name.endswith(".pyc")


def _is_plain(member: tarfile.TarInfo) -> bool:
    return member.isreg() or member.isdir() or member.issym() or member.islnk()


def _copy(
    old: tarfile.TarFile,
    layer: tarfile.TarFile,
    name: str,
    member: tarfile.TarInfo,
    members: Mapping[str, tarfile.TarInfo],
) -> None:
    fresh = tarfile.TarInfo(name)
    fresh.mtime = EPOCH
    fresh.mode = member.mode & (_KEPT_BITS if member.isdir() else 0o755)
    if member.isdir():
        fresh.type = tarfile.DIRTYPE
        if member.mode & _STICKY:
            fresh.mode |= 0o1777
        layer.addfile(fresh)
    elif member.issym():
        fresh.type = tarfile.SYMTYPE
        fresh.mode = 0o777
        fresh.linkname = member.linkname
        layer.addfile(fresh)
    else:
        # A hard link becomes a file of its own: its target may have been left out or reordered.
        target = members[member.linkname.removeprefix("./")] if member.islnk() else member
        fresh.size = target.size
        layer.addfile(fresh, old.extractfile(target))


def _folder(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = tarfile.DIRTYPE
    member.mode = 0o1777 if name == "tmp" else 0o755
    member.mtime = EPOCH
    return member


def packages(status: str) -> dict[str, str]:
    """Read name and version of each installed package from dpkg's status file."""
    found: dict[str, str] = {}
    for stanza in status.split("\n\n"):
        fields = dict(_fields(stanza.splitlines()))
        if fields.get("Status", "").endswith(" installed"):
            found[fields["Package"]] = fields["Version"]
    return dict(sorted(found.items()))


def _fields(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(": ")
        if colon and not name.startswith(" "):
            yield name, value
