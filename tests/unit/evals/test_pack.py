import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from evals import pack

ROOT = Path(__file__).parents[3]
FILES = {"suite.json": b'{"id":"sums"}', "samples.jsonl": b"x" * 513, "more/a.txt": b""}
PINNED = "sha256:9cfd12092db206aa9e666bae88b519018289d17ddf4e7918bf32ed172d7f09b9"


def tar(*members: tuple[str, bytes], **fields: object) -> bytes:
    """Write an archive with Python's tarfile, padded as ours is."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            for field, value in fields.items():
                setattr(info, field, value)
            archive.addfile(info, io.BytesIO(content))
    end = sum(512 + len(content) + -len(content) % 512 for _, content in members)
    return stream.getvalue()[:end] + bytes(1024)


def test_the_digest_is_pinned():
    assert pack.digest(pack.pack(FILES)) == PINNED


def test_the_digest_is_the_same_in_another_process_place_and_time_zone(tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from evals import pack;"
        f"print(pack.digest(pack.pack({dict(reversed(FILES.items()))!r})))"
    )
    environment = {**os.environ, "TZ": "Pacific/Apia", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == PINNED


def test_an_archive_is_readable_by_others():
    with tarfile.open(fileobj=io.BytesIO(pack.pack(FILES))) as archive:
        assert archive.getnames() == ["more/a.txt", "samples.jsonl", "suite.json"]
        member = archive.getmember("samples.jsonl")
        assert (member.mode, member.uid, member.gid, member.mtime) == (0o644, 0, 0, 0)
        assert archive.extractfile(member).read() == FILES["samples.jsonl"]


def test_unpack_returns_what_was_packed():
    assert pack.unpack(pack.pack(FILES)) == FILES
    assert pack.unpack(pack.pack({})) == {}


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "-x", "a b", "a\0b", "é", "a\n"],
)
def test_an_unsafe_name_is_refused(name):
    with pytest.raises(pack.PackError, match="unsafe"):
        pack.pack({name: b""})


@pytest.mark.parametrize("name", ["a" * 101, "a\\b", "./a"])
def test_a_long_or_foreign_name_is_refused(name):
    with pytest.raises(pack.PackError, match="unsafe"):
        pack.pack({name: b""})


def test_a_file_cannot_be_a_folder():
    with pytest.raises(pack.PackError, match="folder"):
        pack.pack({"a": b"", "a/b": b""})


GOOD = pack.pack(FILES)
BAD = {
    "truncated": GOOD[:-1],
    "trailing": GOOD + b"\0",
    "padded as tar does": GOOD + bytes(10_240 - len(GOOD) % 10_240),
    "dirty padding": GOOD.replace(b"x" * 513 + b"\0", b"x" * 513 + b"!"),
    "other time": tar(("a", b"1"), mtime=1),
    "other owner": tar(("a", b"1"), uid=1000),
    "named owner": tar(("a", b"1"), uname="root"),
    "symbolic link": tar(("a", b""), type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard link": tar(("a", b""), type=tarfile.LNKTYPE, linkname="b"),
    "device": tar(("a", b""), type=tarfile.CHRTYPE),
    "folder": tar(("a", b""), type=tarfile.DIRTYPE),
    "executable": tar(("a", b"1"), mode=0o755),
    "upwards": tar(("../a", b"1")),
    "absolute": tar(("/a", b"1")),
    "twice": tar(("a", b"1"), ("a", b"2")),
    "unsorted": tar(("b", b"1"), ("a", b"2")),
    "empty": b"",
    "not a tar": b"hello",
    "bad size": GOOD[:124] + b"zzzzzzzzzzz" + GOOD[135:],
    "size beyond the end": GOOD[:124] + b"77777777777" + GOOD[135:],
    "not ascii": b"\xc3\xa9" + GOOD[2:],
}


@pytest.mark.parametrize("archive", BAD.values(), ids=BAD.keys())
def test_an_archive_written_otherwise_is_refused(archive):
    with pytest.raises(pack.PackError):
        pack.unpack(archive)


def test_the_table_changes_one_thing_at_a_time():
    assert tar(("a", b"1"), ("b", b"2")) == pack.pack({"a": b"1", "b": b"2"})


def test_caps():
    with pytest.raises(pack.PackError, match="too large"):
        pack.unpack(GOOD, max_bytes=len(GOOD) - 1)
    with pytest.raises(pack.PackError, match="too many"):
        pack.unpack(GOOD, max_files=2)
    assert pack.unpack(GOOD, max_bytes=len(GOOD), max_files=3) == FILES
