"""Messages only wake: lost ones, doubled ones and foreign ones change nothing."""

import json
import subprocess
import time

import pytest
from sqlalchemy import MetaData

from harness import queue
from tests.integration.worker.rig import SAMPLES
from tests.support import world as worlds
from tests.support.service import acting, served
from tests.support.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.slow]

# What no run is called, and what is no name at all.
FOREIGN = ("ffffffffffffffff", "", "%", "../../etc/passwd", "' OR 1=1 --", "\0", "é" * 5000)
MALFORMED = (((None,), {}), ((7,), {}), (({"run": 1},), {}), ((), {}), (("a", "b"), {}))
NO_MESSAGES = (b"", b"{", b"\xff\xff", b"[1, 2]", b'{"properties": {}}')


def messages(rig):
    return list((rig.platform.settings.queue_dir / "messages").glob("*.msg"))


def created_containers(run_id, since):
    """Every container that was ever made for a run, by the engine's own diary."""
    label = f"label=org.assay.run={run_id}"
    between = (f"--since={int(since)}", f"--until={int(time.time()) + 1}")
    which = (f"--filter={label}", "--filter=event=create", "--format={{.Actor.ID}}")
    command = ("docker", "events", *between, *which)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def dump(rig):
    """Every row of every table, but for the workers' signs of life."""
    tables = MetaData()
    tables.reflect(rig.database.engine)
    with rig.database.read() as session:
        return {
            name: sorted(map(repr, session.execute(table.select())))
            for name, table in tables.tables.items()
            if name != "workers"
        }


def test_a_lost_message_is_sent_again(rig, protocol):
    rig.vendor.release()
    with served(rig.world) as url:
        environment = acting(rig.world, url, worlds.AUDITOR, "auditor")
        said = rig.assay("run", "start", protocol, "--json", **environment)
    assert said.returncode == 0, said.stderr
    run_id = json.loads(said.stdout)["id"]
    assert len(messages(rig)) == 1
    for message in messages(rig):
        message.unlink()
    rig.start()
    rig.wait_for(run_id, "RELEASED")
    rig.check_released(run_id)


def test_a_doubled_message_is_one_execution(rig, protocol):
    since = time.time()
    rig.start()
    rig.start()
    until(lambda: rig.seen_workers() == 2, 60, "two workers")
    run_id = rig.start_run(protocol)
    for _ in range(4):
        assert queue.nudge(rig.app, run_id)
    rig.wait_until_asked(1)
    # While it runs, and after it has ended, too.
    assert queue.nudge(rig.app, run_id)
    rig.vendor.release()
    rig.wait_for(run_id, "RELEASED")
    assert queue.nudge(rig.app, run_id)
    until(lambda: not messages(rig), 60, "all messages taken")
    second = rig.start_run(protocol)
    rig.wait_for(second, "RELEASED")

    rig.check_released(run_id)
    assert rig.run(run_id).attempt == 1
    assert rig.actions(run_id).count("claim run") == 1
    assert len(rig.statements("run-end", run_id)) == 1
    assert len(created_containers(run_id, since)) == 1
    assert len(created_containers(second, since)) == 1
    assert len(rig.vendor.seen) == 2 * SAMPLES


def test_foreign_messages_change_nothing_and_kill_nothing(rig, protocol):
    rig.vendor.release()
    ended = rig.start_run(protocol)
    tree = rig.start()
    rig.wait_for(ended, "RELEASED")
    rig.world.settle()
    until(lambda: not messages(rig), 60, "all messages taken")
    celery, before = tree.celery, dump(rig)

    for name in (*FOREIGN, ended):
        assert queue.nudge(rig.app, name)
    for args, kwargs in MALFORMED:
        rig.app.send_task(queue.RUN_TASK, args=args, kwargs=kwargs)
    rig.app.send_task("assay.unknown", args=(ended,))
    folder = rig.platform.settings.queue_dir / "messages"
    for number, content in enumerate(NO_MESSAGES):
        (folder / f"{number}.assay.msg").write_bytes(content)
    until(lambda: not messages(rig), 60, "all messages taken")
    run_id = rig.start_run(protocol)
    rig.wait_for(run_id, "RELEASED")
    assert tree.celery == celery
    after = dump(rig)
    assert all(set(rows) <= set(after[name]) for name, rows in before.items() if name != "log_head")
    assert len(after["runs"]) == len(before["runs"]) + 1
    said = rig.log.read_text()
    assert "Unrecoverable" not in said
    assert "passwd" not in said
