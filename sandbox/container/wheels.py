"""Wheels for a lock: which of them fit, what they would install, and every reason to refuse.

Only names are read from a wheel here; it is unpacked in a container. The tags are those of the
base image: CPython 3.11 with glibc 2.36 on x86-64. Format: PyPA, "Binary distribution format".
"""

import hashlib
import re
import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.container import layout
from sandbox.container.locks import MADE_FOR, Pin, normal

PYTHON = (3, 11)
_GLIBC = (2, 36)
_FIRST_ABI3 = 2
_LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}

MOST_BYTES = 512 * 1024 * 1024
MOST_UNPACKED = 1024 * 1024 * 1024
MOST_FILES = 60_000

_WHEEL = re.compile(
    r"(?P<name>[A-Za-z0-9._]{1,100})-(?P<version>[A-Za-z0-9.!+_]{1,100})(?:-[0-9][A-Za-z0-9_.]*)?"
    r"-(?P<python>[a-z0-9_.]+)-(?P<abi>[a-z0-9_.]+)-(?P<platform>[A-Za-z0-9_.]+)\.whl"
)
_SOURCE = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,100})-[0-9][A-Za-z0-9.!+_]*(?:\.tar\.gz|\.zip)")
_MANYLINUX = re.compile(r"manylinux_(?P<major>\d{1,2})_(?P<minor>\d{1,3})_x86_64")
_DATA = re.compile(r"[^/]+\.data/(?P<kind>[^/]+)/(?P<rest>.+)")
_PLACES = {
    "purelib": layout.PACKAGES,
    "platlib": layout.PACKAGES,
    "scripts": layout.SCRIPTS,
    "headers": "usr/local/include",
    "data": "usr/local",
}


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that fits its pin. `unpacked` in bytes, `places` are names in the image."""

    pin: Pin
    path: Path
    sha256: str
    unpacked: int
    places: frozenset[str]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The wheels of a lock, in its order, and every reason to refuse them; none is good."""

    wheels: tuple[Wheel, ...]
    problems: tuple[str, ...]


def platforms() -> tuple[str, ...]:
    """Every platform tag that runs on the base image, best first."""
    modern = [f"manylinux_2_{minor}_x86_64" for minor in range(_GLIBC[1], 4, -1)]
    return (*modern, *(f"{name}_x86_64" for name in reversed(_LEGACY)), "linux_x86_64")


def fits(file_name: str) -> bool:
    """Whether the base image's Python takes a wheel, by its tags."""
    match = _WHEEL.fullmatch(file_name)
    if match is None:
        return False
    return any(
        _tag_fits(python, abi, platform)
        for python in match["python"].split(".")
        for abi in match["abi"].split(".")
        for platform in match["platform"].split(".")
    )


def choose(
    pins: Iterable[Pin],
    folder: Path,
    *,
    ignored: Collection[str] = (),
    others: bool = False,
) -> Chosen:
    """Find each pin's wheel in a folder.

    Wheels of `ignored` packages do not matter, and with `others` nothing that no pin names does.
    Raises OSError when the folder cannot be read.
    """
    wanted = {pin.name: pin for pin in pins}
    found: dict[str, list[Path]] = defaultdict(list)
    problems, archives = [], set()
    for path in sorted(folder.iterdir()):
        match = _WHEEL.fullmatch(path.name)
        name = normal(match["name"]) if match else None
        if match is None:
            source = _SOURCE.fullmatch(path.name)
            archives.add(normal(source["name"]) if source else "")
        if name in wanted and match and match["version"] == _file_version(wanted[name].version):
            found[name].append(path)
        elif not others and name not in ignored:
            problems.append(f"wheels: {_shown(path)}")
    wheels = []
    for pin in wanted.values():
        wheel, reason = _one(pin, found[pin.name], archives)
        if wheel:
            wheels.append(wheel)
        problems.extend(f"{pin.name}: {one}" for one in reason)
    return Chosen(tuple(wheels), (*problems, *_together(wheels)))


def batches(chosen: Iterable[Wheel], most: int) -> Iterator[list[Wheel]]:
    """Group wheels so that each group unpacks to at most so many bytes, or is one wheel."""
    group: list[Wheel] = []
    for wheel in chosen:
        if group and sum(one.unpacked for one in group) + wheel.unpacked > most:
            yield group
            group = []
        group.append(wheel)
    if group:
        yield group


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _one(pin: Pin, paths: list[Path], archives: set[str]) -> tuple[Wheel | None, list[str]]:
    usable = [path for path in paths if fits(path.name)]
    matching = [path for path in usable if digest(path) in pin.hashes]
    if not paths:
        if pin.name in archives:
            return None, ["only a source archive is there; a wheel is needed"]
        return None, [f"no wheel of version {pin.version}"]
    if not usable:
        return None, [f"its wheel is not for {MADE_FOR} (glibc {_GLIBC[0]}.{_GLIBC[1]})"]
    if not matching:
        return None, ["its wheel has another SHA-256 than the lock says"]
    if len(matching) > 1:
        return None, ["more than one wheel fits"]
    return _look(pin, matching[0])


def _look(pin: Pin, path: Path) -> tuple[Wheel | None, list[str]]:
    if path.stat().st_size > MOST_BYTES:
        return None, [f"its wheel is larger than {MOST_BYTES} bytes"]
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return None, ["its wheel cannot be read as a zip archive"]
    places = [_place(one.filename) for one in members]
    reasons = [*layout.problems(places)]
    if len(set(places)) < len(places):
        reasons.append("its wheel holds a file twice")
    size = sum(one.file_size for one in members)
    return Wheel(pin, path, digest(path), size, frozenset(places)), reasons


def _together(wheels: list[Wheel]) -> list[str]:
    problems: list[str] = []
    owners: dict[str, str] = {}
    clashes = set()
    for wheel in wheels:
        for place in wheel.places:
            first = owners.setdefault(place, wheel.pin.name)
            if first != wheel.pin.name:
                clashes.add((first, wheel.pin.name))
    problems.extend(
        f"{second}: installs a file that {first} installs too" for first, second in sorted(clashes)
    )
    if sum(wheel.unpacked for wheel in wheels) > MOST_UNPACKED:
        problems.append(f"wheels: larger than {MOST_UNPACKED} bytes when unpacked")
    if len(owners) > MOST_FILES:
        problems.append(f"wheels: more than {MOST_FILES} files")
    return problems


def _place(member: str) -> str:
    match = _DATA.fullmatch(member)
    root = _PLACES.get(match["kind"]) if match else None
    return f"{root}/{match['rest']}" if match and root else f"{layout.PACKAGES}/{member}"


def _shown(path: Path) -> str:
    if not _WHEEL.fullmatch(path.name):
        return (
            f"{path.name} is a source archive, not a wheel"
            if _SOURCE.fullmatch(path.name)
            else "a file that is no wheel"
        )
    return f"{path.name} is not in the lock"


def _file_version(version: str) -> str:
    return version.replace("-", "_")


def _tag_fits(python: str, abi: str, platform: str) -> bool:
    return _python_fits(python, abi) and _platform_fits(platform, abi)


def _python_fits(python: str, abi: str) -> bool:
    match = re.fullmatch(r"(py|cp)(\d)(\d{0,2})", python)
    if match is None or match[2] != str(PYTHON[0]):
        return False
    minor = int(match[3] or 0)
    if match[1] == "py":
        return abi == "none" and minor <= PYTHON[1]
    if abi == "abi3":
        return _FIRST_ABI3 <= minor <= PYTHON[1]
    return minor == PYTHON[1] and abi in {f"cp{PYTHON[0]}{PYTHON[1]}", "none"}


def _platform_fits(platform: str, abi: str) -> bool:
    if platform == "any":
        return abi == "none"
    if platform == "linux_x86_64":
        return True
    for name, version in _LEGACY.items():
        if platform == f"{name}_x86_64":
            return version <= _GLIBC
    match = _MANYLINUX.fullmatch(platform)
    return match is not None and (int(match["major"]), int(match["minor"])) <= _GLIBC


def recorded(chosen: Iterable[Wheel]) -> dict[str, str]:
    """What an image's label says of its wheels: version and SHA-256 by name."""
    return {wheel.pin.name: f"{wheel.pin.version} {wheel.sha256}" for wheel in chosen}
