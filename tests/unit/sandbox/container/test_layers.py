import io
import tarfile
from pathlib import Path

import pytest

from sandbox.container import layers

_STATUS = """Package: libc6
Status: install ok installed
Version: 2.36-9
Description: a library
 Package: not a field

Package: gone
Status: deinstall ok config-files
Version: 1.0

Package: bash
Status: install ok installed
Version: 5.2
"""


def _add(tar, name, content=b"", **fields):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for field, value in fields.items():
        setattr(member, field, value)
    tar.addfile(member, io.BytesIO(content))


def _root(path, *, shuffled=False, owner=0, mtime=5):
    """A small root file system as a machine might have built it."""
    files = [
        ("./usr/bin/su", {"content": b"su", "mode": 0o4755}),
        ("./usr/bin/perl", {"content": b"perl", "mode": 0o755}),
        ("./usr/bin/wall", {"content": b"w", "mode": 0o2755}),
        ("./etc/passwd", {"content": b"root:x", "mode": 0o666}),
        ("./etc/hostname", {"content": b"builder-17"}),
        ("./etc/machine-id", {"content": b"0123"}),
        ("./etc/resolv.conf", {"content": b"nameserver 10.0.0.1"}),
        ("./var/cache/apt/pkgcache.bin", {"content": b"cache"}),
        ("./var/log/dpkg.log", {"content": b"today"}),
        ("./var/lib/dpkg/status", {"content": _STATUS.encode()}),
        ("./usr/share/man/man1/ls.1.gz", {"content": b"man"}),
        ("./usr/share/doc/bash/copyright", {"content": b"licence"}),
        ("./usr/share/doc/bash/changelog.gz", {"content": b"long"}),
        ("./usr/lib/python3.11/os.py", {"content": b"import sys"}),
        ("./usr/lib/python3.11/__pycache__/os.cpython-311.pyc", {"content": b"stamped"}),
    ]
    with tarfile.open(path, "w") as tar:
        for folder in ("./", "./usr/", "./usr/bin/", "./tmp/", "./var/tmp/"):
            mode = 0o1777 if "tmp" in folder else 0o755
            _add(tar, folder, type=tarfile.DIRTYPE, mode=mode, mtime=mtime)
        for name, fields in reversed(files) if shuffled else files:
            _add(tar, name, uid=owner, mtime=mtime, uname="x", **fields)
        _add(tar, "./usr/bin/perl5", type=tarfile.LNKTYPE, linkname="./usr/bin/perl")
        _add(tar, "./bin", type=tarfile.SYMTYPE, linkname="usr/bin")
        _add(tar, "./dev/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)
        _add(tar, "./srv/pipe", type=tarfile.FIFOTYPE)
        _add(tar, "./srv/disk", type=tarfile.BLKTYPE, devmajor=8)


@pytest.fixture
def flat(tmp_path):
    _root(tmp_path / "raw.tar")
    layers.flatten(tmp_path / "raw.tar", tmp_path / "flat.tar")
    with tarfile.open(tmp_path / "flat.tar") as tar:
        yield {member.name: member for member in tar.getmembers()}, tar


def test_what_stays_and_what_goes(flat):
    members, _ = flat
    assert {
        "usr/bin/su",
        "usr/bin/perl5",
        "bin",
        "etc/passwd",
        "usr/share/doc/bash/copyright",
        "usr/lib/python3.11/os.py",
        "var/lib/dpkg/status",
        "assay",
        "work",
        "tmp",
    } <= members.keys()
    for part in ("hostname", "machine-id", "resolv", "cache", "log", "man", "dev/", "srv/"):
        assert [name for name in members if part in name] == []


def test_nothing_is_privileged_writable_or_special(flat):
    members, _ = flat
    for member in members.values():
        assert member.isreg() or member.isdir() or member.issym()
        assert not member.mode & 0o6000
        if not member.issym():
            assert not member.mode & 0o022 or member.mode == 0o1777
        assert (member.uid, member.gid, member.uname, member.mtime) == (0, 0, "", layers.EPOCH)
    assert members["var/tmp"].mode == 0o1777


def test_a_hard_link_becomes_a_file(flat):
    members, tar = flat
    assert tar.extractfile(members["usr/bin/perl5"]).read() == b"perl"


def test_equal_content_gives_equal_bytes(tmp_path):
    written = []
    for number, options in enumerate(({}, {"shuffled": True, "owner": 33, "mtime": 77})):
        raw, flat = tmp_path / f"raw{number}", tmp_path / f"flat{number}"
        _root(raw, **options)
        layers.flatten(raw, flat)
        written.append(flat.read_bytes())
    assert written[0] == written[1]


def test_other_content_gives_other_bytes(tmp_path):
    for name, content in (("a", b"1"), ("b", b"2")):
        layers.write(tmp_path / name, {"file": content})
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


def test_a_written_layer_has_its_folders_first(tmp_path):
    layers.write(tmp_path / "l", {"opt/assay/evals/a.py": b"1", "opt/assay/b": b"2"})
    with tarfile.open(tmp_path / "l") as tar:
        assert tar.getnames() == [
            "opt",
            "opt/assay",
            "opt/assay/b",
            "opt/assay/evals",
            "opt/assay/evals/a.py",
        ]
    assert layers.names(tmp_path / "l") >= {"opt/assay/b"}
    assert layers.read_text(tmp_path / "l", "opt/assay/b") == "2"


def test_packages():
    assert layers.packages(_STATUS) == {"bash": "5.2", "libc6": "2.36-9"}
    assert layers.packages("") == {}


def test_the_source_is_not_touched(tmp_path: Path):
    _root(tmp_path / "raw")
    before = (tmp_path / "raw").read_bytes()
    layers.flatten(tmp_path / "raw", tmp_path / "flat")
    assert (tmp_path / "raw").read_bytes() == before
