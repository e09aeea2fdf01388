"""Image archives for `docker load`, with a configuration of our own.

The image's id is the SHA-256 of that configuration, which holds the layers' digests and nothing
that changes from build to build. Format: Docker Image Specification v1.2, "Combined Image JSON".
"""

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sandbox.container.layers import EPOCH
from sandbox.errors import ImageRefused

_CHUNK = 1 << 20
_CREATED = datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Layer:
    """A tar file and its digest."""

    path: Path
    digest: str


def layer(path: Path) -> Layer:
    """Name a layer's tar file by its digest."""
    with path.open("rb") as stream:
        return Layer(path, "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest())


def write(target: Path, layers: Sequence[Layer], labels: Mapping[str, str], tag: str | None) -> str:
    """Write an image archive; returns the image's id.

    A tag only keeps `docker image prune` away; nothing is ever looked up by it. The configuration
    sets no environment, command, user, volume or port: the run spec does.
    """
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": _CREATED,
        "config": {"Labels": dict(labels), "WorkingDir": "/work"},
        "rootfs": {"type": "layers", "diff_ids": [one.digest for one in layers]},
        "history": [{"created": _CREATED, "created_by": "assay images build"} for _ in layers],
    }
    encoded = json.dumps(config, sort_keys=True, separators=(",", ":")).encode()
    hexed = hashlib.sha256(encoded).hexdigest()
    names = [one.digest.removeprefix("sha256:") + "/layer.tar" for one in layers]
    manifest = [{"Config": f"{hexed}.json", "RepoTags": [tag] if tag else None, "Layers": names}]
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, f"{hexed}.json", encoded)
        _add(tar, "manifest.json", json.dumps(manifest).encode())
        for name, one in zip(names, layers, strict=True):
            member = tarfile.TarInfo(name)
            member.size = one.path.stat().st_size
            with one.path.open("rb") as stream:
                tar.addfile(member, stream)
    return f"sha256:{hexed}"


def image_id(source: Path) -> str:
    """Id of the one image in an archive. Raises ImageRefused."""
    with _opened(source) as tar:
        config, _ = _manifest(tar)
        return "sha256:" + hashlib.sha256(_member(tar, config).read()).hexdigest()


def extract_layers(source: Path, folder: Path) -> list[Layer]:
    """Unpack the layers of the one image in an archive, each checked against its digest.

    Raises ImageRefused.
    """
    found: list[Layer] = []
    with _opened(source) as tar:
        config, names = _manifest(tar)
        digests = json.loads(_member(tar, config).read())["rootfs"]["diff_ids"]
        for name, digest in zip(names, digests, strict=True):
            path = folder / (digest.removeprefix("sha256:") + ".tar")
            with path.open("wb") as target:
                shutil.copyfileobj(_plain(_member(tar, name)), target, _CHUNK)
            one = layer(path)
            if one.digest != digest:
                raise ImageRefused(("a layer does not match its digest",))
            found.append(one)
    return found


def _opened(source: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(source, "r:")
    except (tarfile.TarError, OSError):
        raise ImageRefused(("not an image archive",)) from None


def _manifest(tar: tarfile.TarFile) -> tuple[str, list[str]]:
    try:
        (entry,) = json.loads(_member(tar, "manifest.json").read())
        return str(entry["Config"]), [str(name) for name in entry["Layers"]]
    except (KeyError, ValueError, TypeError):
        raise ImageRefused(("not an archive of exactly one image",)) from None


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        stream = tar.extractfile(name)
    except KeyError:
        stream = None
    if stream is None:
        raise ImageRefused(("the archive lacks a file that it names",))
    return stream


def _plain(stream: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    """Undo the compression that newer engines save layers with."""
    magic = stream.read(2)
    stream.seek(0)
    return gzip.open(stream) if magic == b"\x1f\x8b" else stream


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o644
    tar.addfile(member, io.BytesIO(content))
