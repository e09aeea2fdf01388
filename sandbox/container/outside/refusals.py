"""What the engine, our admission and the run's folder refuse."""

import hashlib
import io
import json
import secrets
import socket
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from sandbox.container import admission
from sandbox.container.outside.stage import Stage
from sandbox.container.outside.verdicts import Verdict
from sandbox.container.runtime import DUPLICATE
from sandbox.errors import PlatformFault
from sandbox.spec import ContainerSpec

_NO_RUNTIME = "assay-no-such-runtime"
_NO_IMAGE = "sha256:" + "0" * 64
# Each of these would reach a run: host disk, environment, programs of the image's own choice.
_HOSTILE = {
    "Volumes": {"/data": {}},
    "Env": ["LD_PRELOAD=/data/library.so"],
    "Healthcheck": {"Test": ["CMD", "/bin/true"]},
    "OnBuild": ["RUN /bin/true"],
    "ExposedPorts": {"80/tcp": {}},
    "Entrypoint": ["/bin/true"],
    "Labels": {"org.assay.run": "of-another"},
}
_HOSTILE_FIELDS = 7


def refusals(stage: Stage) -> Mapping[str, Verdict]:
    """Everything that never starts."""
    with stage.guest() as guest:
        twin = stage.spec()
        taken = replace(twin, run=guest.spec.run, run_dir=guest.folder)
        other = replace(twin, run_dir=guest.folder)
        found = {
            "taken_name_refused": _refused(stage, taken, lambda fault: fault.code == DUPLICATE),
            "missing_runtime_refused": _refused(stage, replace(other, runtime=_NO_RUNTIME)),
            "unknown_image_refused": _refused(stage, replace(other, image=_NO_IMAGE)),
            "foreign_user_refused": _foreign(stage, other),
        }
    return found | {"hostile_image_refused": _hostile(stage)}


def _refused(
    stage: Stage, spec: ContainerSpec, right: Callable[[PlatformFault], bool] = lambda _: True
) -> Verdict:
    """Whether a container is not even made, and nothing of it is left."""
    try:
        made = stage.engine.create(spec)
    except PlatformFault as fault:
        left = [one for one in stage.engine.list(stage.owner) if one.identity.run == spec.run]
        # The one with the taken name is still there, and alone.
        return Verdict(right(fault) and len(left) == (fault.code == DUPLICATE))
    stage.engine.remove(made)
    return Verdict(False, "made")


def _foreign(stage: Stage, spec: ContainerSpec) -> Verdict:
    """Whether another run's user cannot connect, even where it sees the folder."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        path = spec.run_dir / "gateway.sock"
        path.unlink()
        listener.bind(str(path))
        path.chmod(0o660)
        listener.listen(1)
        container = stage.engine.create(spec)
        stack.callback(stage.engine.remove, container)
        stage.engine.start(container)
        state = stage.state(container)
        listener.setblocking(False)
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return Verdict(state.exit_code != 0)
    return Verdict(False, "connected")


def _hostile(stage: Stage) -> Verdict:
    """Whether an image that brings along what it must not is named with every reason."""
    with tempfile.TemporaryDirectory(prefix="assay-hostile-") as folder:
        archive = Path(folder, "image.tar")
        image = _write(archive)
        stage.engine.load_image(archive)
    try:
        problems = admission.problems(stage.engine.image(image))
    finally:
        stage.engine.remove_image(image)
    return Verdict(len(problems) >= _HOSTILE_FIELDS, str(len(problems)))


def _write(target: Path) -> str:
    """Write an image of one empty layer with everything that admission must see; its id."""
    layer = io.BytesIO()
    tarfile.open(fileobj=layer, mode="w").close()
    content = layer.getvalue()
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": _HOSTILE,
        "rootfs": {"type": "layers", "diff_ids": [digest]},
        # Its own id each time, so that one self-test never removes another's image.
        "history": [{"created_by": secrets.token_hex(8)}],
    }
    encoded = json.dumps(config).encode()
    name = hashlib.sha256(encoded).hexdigest()
    manifest = [{"Config": f"{name}.json", "RepoTags": None, "Layers": ["layer.tar"]}]
    with tarfile.open(target, "w") as tar:
        for path, data in (
            (f"{name}.json", encoded),
            ("layer.tar", content),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return f"sha256:{name}"
