"""Images: equal when built again, moved between hosts, and refused when they bring more."""

import json
import socket
from dataclasses import replace

import pytest

from sandbox.container import archive, collector, images, layers
from sandbox.container.collector import Job, collect
from sandbox.errors import ControlMissing, ImageRefused, PlatformFault
from tests.integration.sandbox.conftest import OWNER
from tests.integration.sandbox.guests import container_of, spec_of

pytestmark = pytest.mark.docker


def _say(code):
    """A command that sends what a piece of code puts into `said`."""
    body = f"""
import os, socket, sys
sys.path.insert(0, "/opt/assay")
said = b""
{code}
end = socket.socket(socket.AF_UNIX)
end.connect("/assay/gateway.sock")
end.sendall(said)
"""
    return ("/usr/bin/python3", "-I", "-S", "-c", body)


def _job(image_id, code, **changes):
    job = Job(image_id, OWNER, _say(code), time_s=30, max_bytes=10**6)
    return replace(job, **changes)


def test_a_second_build_is_a_look_up(engine, image_id, tmp_path):
    said = []
    record = images.build(engine, tmp_path, said.append)
    assert said == ["image: up to date"]
    assert record.id == image_id == images.current(engine)
    assert record.built_from == images.source_digest()
    assert record.packages["python3"]
    assert record.base_digest == engine.image(image_id)["RootFS"]["Layers"][0]


def test_the_guest_layer_built_again_is_the_same_image(engine, image_id, tmp_path, monkeypatch):
    # As if the image were not there: everything above the base is made anew.
    found = engine.images

    def without_ours(label, value):
        return () if label.endswith("source") else found(label, value)

    monkeypatch.setattr(engine, "images", without_ours)
    said = []
    assert images.build(engine, tmp_path, said.append).id == image_id
    assert "guest: compiling our own code inside a container" in said
    assert list(tmp_path.iterdir()) == []


def test_export_and_import(engine, scripted_image, tmp_path):
    path = tmp_path / "image.tar"
    images.export(engine, scripted_image, path)
    engine.remove_image(scripted_image)
    assert engine.image(scripted_image) is None
    assert images.load(engine, path) == scripted_image
    assert engine.image(scripted_image) is not None
    assert sorted(one.name for one in tmp_path.iterdir()) == ["image.tar"]


def test_export_of_nothing_leaves_nothing(engine, tmp_path):
    with pytest.raises(ImageRefused):
        images.export(engine, "sha256:" + "0" * 64, tmp_path / "image.tar")
    assert list(tmp_path.iterdir()) == []


def test_a_full_or_absent_folder_is_said(engine, image_id, tmp_path):
    with pytest.raises(PlatformFault, match="No such file"):
        images.export(engine, image_id, tmp_path / "absent" / "image.tar")


@pytest.fixture
def hostile(engine, tmp_path):
    """An archive whose image brings everything it must not."""
    layers.write(tmp_path / "layer.tar", {"file": b"x"})
    path = tmp_path / "hostile.tar"
    real = json.dumps

    def with_more(value, **options):
        if "rootfs" in value:
            value["config"] |= {
                "Env": ["LD_PRELOAD=/evil.so"],
                "Volumes": {"/data": {}},
                "Healthcheck": {"Test": ["CMD", "true"]},
                "ExposedPorts": {"80/tcp": {}},
                "OnBuild": ["RUN true"],
                "Entrypoint": ["/evil"],
                "Labels": {"org.assay.owner": OWNER},
            }
        return real(value, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive.json, "dumps", with_more)
        image = archive.write(path, [archive.layer(tmp_path / "layer.tar")], {}, None)
    yield path, image
    engine.remove_image(image)


def test_a_hostile_image_is_refused_with_every_reason_and_does_not_stay(engine, hostile):
    path, image = hostile
    with pytest.raises(ImageRefused) as caught:
        images.load(engine, path)
    assert len(caught.value.problems) == 8
    assert engine.image(image) is None


def test_a_hostile_image_does_not_pass_the_run_spec_either(engine, hostile, runtime, run_root):
    path, image = hostile
    engine.load_image(path)
    spec = container_of(spec_of(image, run_root, "http://127.0.0.1:9/v1", ""))
    with pytest.raises(ControlMissing, match="Volumes") as caught:
        runtime.create(spec)
    assert "Config.Env" in str(caught.value)
    assert runtime.list(OWNER) == ()


def test_bytecode_is_there_and_never_checked(engine, image_id, run_root):
    code = """
import json, importlib.util
places = ["/opt/assay/evals/runner.py", json.__file__, os.__file__]
for place in places:
    head = open(importlib.util.cache_from_source(place), "rb").read(8)
    said += head[4:5]
"""
    # PEP 552: bit 0 says hash-based, bit 1 that the source is to be checked.
    assert collect(engine, _job(image_id, code), run_root) == b"\x01\x01\x01"


def test_suites_and_their_data_are_not_in_it(engine, image_id, run_root):
    code = 'said = " ".join(sorted(os.listdir("/opt/assay/evals"))).encode()'
    names = collect(engine, _job(image_id, code), run_root).decode().split()
    assert "launcher.py" in names
    assert "catalog" not in names
    assert not [name for name in names if name.endswith((".jsonl", ".txt"))]


def test_the_launcher_runs_first_and_the_command_below_it(engine, image_id, run_root):
    code = 'said = b"%d %d" % (os.getppid(), len(os.listdir("/assay")))'
    assert collect(engine, _job(image_id, code), run_root) == b"1 1"


def test_a_command_that_says_nothing(engine, image_id, run_root):
    quiet = _job(image_id, "raise SystemExit(0)")
    with pytest.raises(PlatformFault) as caught:
        collect(engine, quiet, run_root)
    assert caught.value.code == "job_failed"


def test_a_command_that_says_too_much(engine, image_id, run_root):
    loud = _job(image_id, "said = bytes(2000)", max_bytes=1000)
    with pytest.raises(PlatformFault) as caught:
        collect(engine, loud, run_root)
    assert caught.value.code == "job_too_loud"


def test_a_command_that_takes_too_long(engine, image_id, run_root):
    with pytest.raises(PlatformFault) as caught:
        collect(engine, _job(image_id, "import time; time.sleep(60)", time_s=2), run_root)
    assert caught.value.code == "job_too_slow"


def test_only_the_runs_own_user_is_listened_to(engine, image_id, run_root, monkeypatch):
    # A stranger on the host connects first; the container's answer is taken all the same.
    listen = collector._listen
    with socket.socket(socket.AF_UNIX) as stranger:

        def with_a_stranger(path, uid):
            listener = listen(path, uid)
            stranger.connect(str(path))
            stranger.sendall(b"forged")
            return listener

        monkeypatch.setattr(collector, "_listen", with_a_stranger)
        assert collect(engine, _job(image_id, 'said = b"real"'), run_root) == b"real"
