import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sandbox.container import rundir
from sandbox.container.rundir import run_dir, sweep
from sandbox.errors import PlatformFault

pytestmark = pytest.mark.usefixtures("as_root")

_HOLD = """
import sys, time
from pathlib import Path
from sandbox.container.rundir import run_dir
with run_dir(Path(sys.argv[1]), 23456, {"run.json": b"{}"}) as made:
    print(made, flush=True)
    sys.stdin.read()
"""


def test_only_root_writes_and_only_the_run_reads(tmp_path):
    files = {"run.json": b"{}", "suite/deep/data.jsonl": b"x"}
    with run_dir(tmp_path, 23456, files) as made:
        for path, mode in (
            (made, 0o750),
            (made / "run.json", 0o440),
            (made / "suite", 0o750),
            (made / "suite/deep", 0o750),
            (made / "suite/deep/data.jsonl", 0o440),
        ):
            found = path.stat()
            assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (0, 23456, mode)
        assert (made / "suite/deep/data.jsonl").read_bytes() == b"x"
        assert len(made.name) == 8
    assert list(tmp_path.iterdir()) == []


def test_is_gone_after_a_fault(tmp_path):
    with pytest.raises(RuntimeError), run_dir(tmp_path, 23456, {}):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "suite/../../up", "", "a\0b"])
def test_names_that_leave_it_are_refused(tmp_path, name):
    with pytest.raises(PlatformFault) as caught, run_dir(tmp_path, 23456, {name: b"x"}):
        pass
    assert caught.value.code == "unsafe_name"
    assert list(tmp_path.iterdir()) == []


def test_a_path_too_long_for_a_socket_is_refused(tmp_path):
    with pytest.raises(PlatformFault) as caught, run_dir(tmp_path / ("x" * 100), 23456, {}):
        pass
    assert caught.value.code == "run_root_too_long"


def test_what_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    made = run_dir(tmp_path / "file", 23456, {})
    with pytest.raises(PlatformFault, match="File exists") as caught, made:
        pass
    assert caught.value.code == "run_dir_failed"


def test_only_what_nobody_holds_is_swept(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder, run_dir(tmp_path, 23456, {}) as mine:
        theirs = type(mine)(holder.stdout.readline().strip())
        (tmp_path / "not-a-run").mkdir()
        assert theirs.is_dir()
        assert sweep(tmp_path) == []
        holder.kill()
        holder.wait()
        assert sweep(tmp_path) == [theirs]
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([mine.name, "not-a-run"])


def test_no_root_is_nothing_to_sweep(tmp_path):
    assert sweep(tmp_path / "absent") == []


def test_what_was_never_finished_is_swept_once_it_is_old(tmp_path):
    fresh, old = tmp_path / ".00000001", tmp_path / ".00000002"
    for path in (fresh, old):
        (path / "suite").mkdir(parents=True)
    os.utime(old, (1.0, 1.0))
    assert sweep(tmp_path) == [old]
    assert fresh.is_dir()


def test_each_container_of_a_run_has_a_place_that_both_sides_derive(tmp_path):
    places = {
        rundir.place(tmp_path, run, attempt, phase)
        for run in ("r1", "r2")
        for attempt in (1, 2)
        for phase in ("generate", "score")
    }
    assert len(places) == 8
    assert rundir.place(tmp_path, "r1", 2, "score") in places
    assert {len(place.name) for place in places} == {8}
    assert {place.parent for place in places} == {tmp_path}


OWNER, GROUP = 65_534, 23_456
_FILL = """
import os, sys
from pathlib import Path
from sandbox.container import rundir
os.setgroups([]); os.setgid(65534); os.setuid(65534)
path = Path(sys.argv[1])
rundir.fill(path, {"run.json": b"{}", "suite/deep/data.jsonl": b"x"})
print(sorted((str(p.relative_to(path)), oct(p.stat().st_mode), p.stat().st_gid)
             for p in path.rglob("*")))
rundir.clear(path)
print(list(path.iterdir()))
"""


def test_somebody_without_rights_fills_it_for_the_run(run_root):
    path = run_root / "0123abcd"
    held = rundir.vacant(path, OWNER, GROUP)
    rundir.check(path, OWNER, GROUP)
    assert sweep(run_root) == []
    done = subprocess.run(
        [sys.executable, "-c", _FILL, str(path)], capture_output=True, text=True, check=True
    )
    filled, left = done.stdout.splitlines()
    assert filled == str(
        [
            ("run.json", "0o100440", GROUP),
            ("suite", "0o40750", GROUP),
            ("suite/deep", "0o40750", GROUP),
            ("suite/deep/data.jsonl", "0o100440", GROUP),
        ]
    )
    assert left == "[]"
    rundir.remove(path, held)
    assert list(run_root.iterdir()) == []


@pytest.fixture
def run_root(tmp_path_factory):
    # Others may pass through.
    with tempfile.TemporaryDirectory(prefix="assay-t-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.mark.parametrize("what", ["absent", "link", "file", "owner", "group", "root", "root link"])
def test_another_directory_in_its_place_is_refused(run_root, tmp_path, what):
    path = run_root / "0123abcd"
    held = rundir.vacant(path, OWNER, GROUP)
    rundir.check(path, OWNER, GROUP)
    rundir.remove(path, held)
    if what == "link":
        elsewhere = tmp_path / "elsewhere"
        os.close(rundir.vacant(elsewhere, OWNER, GROUP))
        path.symlink_to(elsewhere)
        os.chown(path, OWNER, GROUP, follow_symlinks=False)
    elif what == "file":
        path.touch()
        os.chown(path, OWNER, GROUP)
    elif what != "absent":
        owner = 0 if what == "owner" else OWNER
        os.close(rundir.vacant(path, owner, 0 if what == "group" else GROUP))
    if what == "root":
        run_root.chmod(0o777)
    if what == "root link":
        path = tmp_path / "link" / path.name
        path.parent.symlink_to(run_root)
    with pytest.raises(PlatformFault) as caught:
        rundir.check(path, OWNER, GROUP)
    assert caught.value.code == "run_dir_refused"


def test_a_folder_without_a_bottom_hinders_nobody(run_root):
    deep = run_root / "00000001"
    deep.mkdir()
    before = os.open(".", os.O_RDONLY)
    os.chdir(deep)
    for _ in range(2000):
        os.mkdir("d")  # noqa: PTH102 - no path is long enough
        os.chdir("d")
    os.fchdir(before)
    os.close(before)
    other = run_root / "00000002"
    other.mkdir()
    assert sweep(run_root) == [deep, other]
    assert not other.exists()
    subprocess.run(["rm", "-rf", str(deep)], check=True)
