import os
import subprocess
import sys

import pytest

from sandbox.container.rundir import run_dir, sweep
from sandbox.errors import PlatformFault

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other users")

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
