"""An image on top of another with some files put in their places, for what no build would make."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from evals import wire
from sandbox.container import archive, labels, layers
from sandbox.container.docker import DockerRuntime


def build(
    engine: DockerRuntime, image: str, folder: Path, files: Mapping[str, bytes], source: str
) -> tuple[str, Path]:
    """Id and archive of the image; the engine does not have it yet. `folder` keeps both parts.

    No two are the same image: who removes one must not take it from another process.
    """
    saved, patch, built = folder / "saved.tar", folder / "patch.tar", folder / "built.tar"
    engine.save_image(image, saved)
    layers.write(patch, {**files, "opt/assay/nonce": secrets.token_bytes(16)})
    stack = [*archive.extract_layers(saved, folder), archive.layer(patch)]
    carried = {labels.SOURCE: source, labels.WIRE: str(wire.VERSION)}
    return archive.write(built, stack, carried, None), built
