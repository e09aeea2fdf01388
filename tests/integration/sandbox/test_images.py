"""Images: equal when built again, moved between hosts, and refused when they bring more."""

import json
import socket
from dataclasses import replace

import pytest

from sandbox.container import archive, collector, images, layers
from sandbox.container.collector import Job, collect
from sandbox.errors import ControlMissing, ImageRefused, PlatformFault
from tests.integration.commands.conftest import command
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
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "Config.Volumes",
        "Config.Healthcheck",
        "Config.OnBuild",
        "Config.ExposedPorts",
        "Config.Entrypoint",
        "Config.Env[0]",
        "Config.Labels",
        "Config.Labels",
        "Config.Labels",
    ]
    assert engine.image(image) is None


def test_the_command_says_every_reason_on_a_line_of_its_own(engine, hostile, tmp_path):
    path, image = hostile
    assert command(tmp_path, "db", "upgrade").status == 0
    done = command(tmp_path, "images", "import", path)
    assert (done.status, done.out) == (2, "")
    lines = [line for line in done.err.splitlines() if line.startswith("invalid_input Config.")]
    assert len(lines) == 9
    assert "invalid_input Config.Env[0]: sets the variable LD_PRELOAD, which" in done.err
    assert command(tmp_path, "images", "list", "--json").out == "[]\n"
    assert engine.image(image) is None


# The control: what admission keeps out does reach a container that is made without it.
def test_without_admission_an_image_brings_its_volume_and_variable(engine, image_id, cli):
    lines = ["VOLUME /data", "ENV CANARY=sings", "LABEL org.assay.owner=other"]
    code = "open('/data/file', 'w'); import os; os._exit(40 + (os.environ['CANARY'] == 'sings'))"
    program = ["/usr/bin/python3", "-c", code]

    def plain(image):
        made = cli.containers.create(image, program, network_disabled=True, read_only=True)
        try:
            made.start()
            return made.wait()["StatusCode"], [one["Destination"] for one in made.attrs["Mounts"]]
        finally:
            made.remove(v=True, force=True)

    assert plain(image_id) == (1, [])
    blank = cli.containers.create(image_id, ["true"], network_disabled=True)
    try:
        image = cli.api.commit(blank.id, changes=lines)["Id"]
    finally:
        blank.remove(force=True)
    try:
        assert plain(image) == (41, ["/data"])
        with pytest.raises(ImageRefused) as caught:
            images.admit(engine, image)
    finally:
        engine.remove_image(image)
    assert len(caught.value.problems) == 3


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
