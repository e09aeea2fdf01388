"""The runner in a process of its own, against a small gateway that speaks the wire."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from evals import wire

ROOT = Path(__file__).parents[3]


def run(run_dir: Path) -> int:
    command = [sys.executable, "-m", "evals", str(run_dir)]
    return subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode


def test_every_sample_and_epoch_is_scored_once_and_the_end_says_so(run_dir, gateway):
    assert run(run_dir) == 0
    assert sorted((row.sample_id, row.epoch) for row in gateway.rows) == sorted(
        (f"sum-{n}", epoch) for n in range(40) for epoch in range(2)
    )
    assert {row.values["correct"] for row in gateway.rows} == {1}
    assert gateway.ended == 80
    assert gateway.connections <= 9  # eight tasks, kept alive, and one for the end


def test_calls_carry_role_prompt_and_parameters(run_dir, gateway):
    assert run(run_dir) == 0
    call = next(call for call in gateway.calls if " 7 " in call["messages"][0]["content"])
    assert call == {
        "model": "target",
        "messages": [
            {"role": "user", "content": "What is 7 + 7? End with `A: <number>`."},
        ],
        "temperature": 0.5,
    }


def test_the_order_follows_the_seed(run_dir, gateway):
    told = wire.parse_run_file((run_dir / "run.json").read_bytes())
    orders = []
    for seed in ("one", "one", "two"):
        gateway.rows.clear()
        run_file = wire.encode_run_file(told._replace(order_seed=seed, concurrency=1))
        (run_dir / "run.json").write_bytes(run_file)
        assert run(run_dir) == 0
        orders.append([row[:2] for row in gateway.rows])
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])
    first, second = orders[0][:40], orders[0][40:]
    assert [name for name, _ in first] != [name for name, _ in second]


def test_a_failed_call_scores_worst_and_the_run_goes_on(run_dir, gateway):
    honest = gateway.answer

    def answer(call):
        return (502, b"{}") if " 7 " in call["messages"][0]["content"] else honest(call)

    gateway.answer = answer
    assert run(run_dir) == 0
    assert [row.values for row in gateway.rows if row.sample_id == "sum-7"] == [{"correct": 0}] * 2
    assert sum(row.values["correct"] for row in gateway.rows) == 78


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"choices":[]}', b'{"choices":[{"message":3}]}'])
def test_an_unreadable_reply_scores_worst(run_dir, gateway, body):
    gateway.answer = lambda _call: (200, body)
    assert run(run_dir) == 0
    assert {row.values["correct"] for row in gateway.rows} == {0}


def test_a_denied_call_stops_the_run_without_an_end(run_dir, gateway):
    gateway.answer = lambda _call: (402, b"{}")
    assert run(run_dir) == 1
    assert gateway.ended is None
    assert gateway.rows == []
    assert len(gateway.calls) <= 8


def test_a_refused_score_ends_the_run(run_dir, gateway):
    gateway.rows.append(wire.ScoreRow("sum-3", 0, {"correct": 1}))
    assert run(run_dir) == 2
    assert gateway.ended is None


@pytest.mark.parametrize("announce", [True, False])
def test_a_connection_closed_between_requests_is_replaced(run_dir, gateway, announce):
    gateway.per_connection, gateway.announce_close = 3, announce
    assert run(run_dir) == 0
    assert gateway.ended == 80
    assert gateway.connections >= 160 // 3


def test_a_connection_that_never_answers_is_not_tried_again(run_dir, gateway):
    gateway.per_connection = 0
    assert run(run_dir) == 2
    assert gateway.calls == []


def test_a_suite_that_differs_from_its_manifest_is_not_run(run_dir, gateway):
    data = run_dir / "suite" / "samples.jsonl"
    data.write_bytes(data.read_bytes().replace(b"What is 7", b"What is 8"))
    assert run(run_dir) == 2
    assert gateway.calls == []


def launch(run_dir: Path, *command: str) -> subprocess.Popen:
    launcher = str(ROOT / "evals" / "launcher.py")
    options = ["--run-dir", str(run_dir), "--port", "0"]
    return subprocess.Popen([sys.executable, "-I", "-S", launcher, *options, *command])


def test_the_launcher_runs_the_suite_and_returns_its_status(run_dir, gateway):
    assert launch(run_dir).wait(60) == 0
    assert gateway.ended == 80
    gateway.answer = lambda _call: (402, b"{}")
    assert launch(run_dir).wait(60) == 1


def test_the_launcher_runs_a_command_and_reports_its_signal(run_dir, gateway):
    code = "import sys; sys.exit(7)"
    assert launch(run_dir, sys.executable, "-c", code).wait(60) == 7
    kill = "import os; os.kill(os.getpid(), 9)"
    assert launch(run_dir, sys.executable, "-c", kill).wait(60) == 125
    assert launch(run_dir, "/nowhere").wait(60) == 2


def hanging(gateway) -> threading.Event:
    """Make the gateway hold every call back; the event says that one has come."""
    came = threading.Event()
    forever = threading.Event()

    def answer(_call):
        came.set()
        forever.wait(30)
        return 502, b""

    gateway.answer = answer
    gateway.block_on_close = False
    return came


def test_the_launcher_stops_its_child_on_a_signal(run_dir, gateway):
    came = hanging(gateway)
    process = launch(run_dir)
    assert came.wait(30)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 128 + signal.SIGTERM


def test_the_launcher_kills_a_child_that_ignores_the_signal(run_dir, gateway):
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    code = (
        "import os, signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "os.write(int(sys.argv[1]), b'x'); signal.pause()"
    )
    launcher = str(ROOT / "evals" / "launcher.py")
    options = ["--run-dir", str(run_dir), "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", launcher, *options, sys.executable, "-c", code, str(writer)],
        pass_fds=[writer],
    )
    os.read(reader, 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 125
    os.close(reader)
    os.close(writer)


def test_the_launcher_ends_a_run_whose_time_is_over(run_dir, gateway):
    came = hanging(gateway)
    told = wire.parse_run_file((run_dir / "run.json").read_bytes())
    (run_dir / "run.json").write_bytes(wire.encode_run_file(told._replace(time_limit_s=1)))
    assert launch(run_dir).wait(30) == 124
    assert came.is_set()


@pytest.mark.usefixtures("as_root")
def test_the_launcher_cannot_be_looked_into(run_dir, gateway):
    # A copy that anybody may read: the checkout may lie where only root may look.
    code = (
        "import os, sys\n"
        "owner = os.stat(f'/proc/{os.getppid()}/mem').st_uid\n"
        "mine = os.stat(f'/proc/{os.getpid()}/mem').st_uid\n"
        "sys.exit(0 if (owner, mine) == (0, 65534) else 9)\n"
    )
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        guest = Path(name, "evals")
        shutil.copytree(ROOT / "evals", guest, ignore=shutil.ignore_patterns("catalog", "__py*"))
        assert _looks_closed(guest / "launcher.py", code) == 0


def _looks_closed(launcher, code):
    open_up = "import os, sys; os.setuid(65534); os.execv(sys.argv[1], sys.argv[1:])"
    python = "/usr/bin/python3"
    command = [python, "-I", "-S", str(launcher), "--port", "0", "--run-dir", "/nonexistent"]
    inside = [*command, python, "-c", code]
    return subprocess.run([python, "-c", open_up, *inside], check=False, timeout=30).returncode


ORPHANS = """\
import glob, os, time
for _ in range(5):
    if os.fork() == 0:
        os.fork()
        os._exit(0)
    os.wait()
def zombies():
    files = glob.glob("/proc/*[0-9]/stat")
    return sum(state(name) == "Z" for name in files)
def state(name):
    try:
        return open(name).read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "gone"
give_up = time.monotonic() + 1
while zombies() and time.monotonic() < give_up:
    pass
os._exit(10 + zombies())
"""


@pytest.mark.parametrize("reaping", [True, False])
@pytest.mark.usefixtures("as_root")
def test_the_launcher_collects_orphans(reaping):
    launcher = [str(ROOT / "evals" / "launcher.py"), "--port", "0", "--run-dir", "/nonexistent"]
    careless = ["-c", "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"]
    first = launcher if reaping else careless
    python = ["/usr/bin/python3", "-I", "-S"]
    done = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", *python, *first, *python, "-c", ORPHANS],
        check=False,
        timeout=30,
    )
    assert done.returncode == (10 if reaping else 15)


def test_a_missing_run_file_is_a_bad_start(tmp_path):
    assert launch(tmp_path).wait(30) == 2


def test_a_guest_cannot_pass_for_an_engine_that_was_killed(run_dir):
    leave = "import os; os._exit(137)"
    assert launch(run_dir, sys.executable, "-c", leave).wait(60) == 125
