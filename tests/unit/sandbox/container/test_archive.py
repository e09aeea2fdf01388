import gzip
import io
import json
import tarfile

import pytest

from sandbox.container import archive, layers
from sandbox.errors import ImageRefused


@pytest.fixture
def stack(tmp_path):
    made = []
    for name in ("one", "two"):
        layers.write(tmp_path / name, {name: b"content"})
        made.append(archive.layer(tmp_path / name))
    return made


@pytest.fixture
def written(tmp_path, stack):
    path = tmp_path / "image.tar"
    return path, archive.write(path, stack, {"a": "b"}, "assay-guest:1")


def _repack(path, change):
    """The same archive with its files changed by name."""
    with tarfile.open(path) as tar:
        files = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}
    change(files)
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def test_the_id_is_the_digest_of_the_configuration(written):
    path, image = written
    assert archive.image_id(path) == image
    with tarfile.open(path) as tar:
        config = json.load(tar.extractfile(image.removeprefix("sha256:") + ".json"))
    assert config["config"] == {"Labels": {"a": "b"}, "WorkingDir": "/work"}
    assert config["created"] == "2025-01-01T00:00:00Z"


def test_the_tag_does_not_matter_and_labels_and_layers_do(tmp_path, stack, written):
    _, image = written
    assert archive.write(tmp_path / "b", stack, {"a": "b"}, None) == image
    assert archive.write(tmp_path / "c", stack, {"a": "c"}, None) != image
    assert archive.write(tmp_path / "d", stack[:1], {"a": "b"}, None) != image


def test_layers_come_back(tmp_path, stack, written):
    folder = tmp_path / "out"
    folder.mkdir()
    found = archive.extract_layers(written[0], folder)
    assert [one.digest for one in found] == [one.digest for one in stack]
    assert [one.path.read_bytes() for one in found] == [one.path.read_bytes() for one in stack]


def test_compressed_layers_come_back_plain(tmp_path, stack, written):
    def squeeze(files):
        for name in files:
            if name.endswith("layer.tar"):
                files[name] = gzip.compress(files[name])

    _repack(written[0], squeeze)
    (tmp_path / "out").mkdir()
    found = archive.extract_layers(written[0], tmp_path / "out")
    assert [one.digest for one in found] == [one.digest for one in stack]


def test_a_changed_layer_is_refused(tmp_path, written):
    def change(files):
        name = next(name for name in files if name.endswith("layer.tar"))
        files[name] = files[name].replace(b"content", b"CONTENT")

    _repack(written[0], change)
    with pytest.raises(ImageRefused, match="does not match"):
        archive.extract_layers(written[0], tmp_path)


def test_two_images_are_refused(written):
    def double(files):
        files["manifest.json"] = json.dumps(json.loads(files["manifest.json"]) * 2).encode()

    _repack(written[0], double)
    with pytest.raises(ImageRefused, match="exactly one"):
        archive.image_id(written[0])


@pytest.mark.parametrize("content", [b"", b"no archive", b"\0" * 10240])
def test_no_archive_is_refused(tmp_path, content):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(ImageRefused):
        archive.image_id(tmp_path / "f")
    with pytest.raises(ImageRefused):
        archive.image_id(tmp_path / "absent")


def test_a_manifest_without_its_configuration_is_refused(written):
    def drop(files):
        del files[json.loads(files["manifest.json"])[0]["Config"]]

    _repack(written[0], drop)
    with pytest.raises(ImageRefused):
        archive.image_id(written[0])
