"""Real processes at once on one database: the last bits go to one, and the log stays one."""

import math
import subprocess
import sys
from contextlib import ExitStack

import pytest

from harness.records import ledger, log, runs
from harness.services.agreements.terms import Terms
from harness.services.platform import sequencer
from tests.support import world as worlds

PROCESSES, ROUNDS = 3, 10
# Bits of a report of 40 samples: ten symbols.
BITS = math.log2(10)
TERMS = Terms(run_wall_clock_s=60, start_within_s=600, grid_s=1, runs=PROCESSES)
# Reserves a run of each protocol that it is told, as soon as it is told.
RACER = f"""
import sys
from harness import config
from harness.errors import BudgetSpent
from harness.services.access import Actor
from harness.services.platform.opening import open_platform
from harness.services.publication import sequence
from harness.services.runs import reserve

platform = open_platform(config.load())
print("ready", flush=True)
for line in sys.stdin:
    try:
        with platform.database.write() as session:
            actor = Actor({worlds.AUDITOR!r}, "auditor")
            answer = reserve.reserve(session, platform, actor, line.strip()).id
    except BudgetSpent:
        answer = "spent"
    sequence.publish(platform)
    print(answer, flush=True)
platform.database.close()
"""


@pytest.fixture
def world(tmp_path, database_url):
    world = worlds.make(tmp_path / "data", database_url=database_url)
    world.image()
    world.model()
    yield world
    world.platform.database.close()


@pytest.fixture
def racers(world):
    environment = {
        "PATH": "/usr/bin:/bin",
        "ASSAY_DATA_DIR": str(world.platform.settings.data_dir),
        "ASSAY_DATABASE_URL": world.platform.settings.database_url,
    }
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    (sys.executable, "-c", RACER),
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(PROCESSES)
        ]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        yield processes
        for process in processes:
            process.stdin.close()
            assert process.wait(30) == 0


def test_the_last_bits_go_to_one_process(world, racers):
    digest = world.suite(worlds.suite_files(worlds.simple_questions(40)))
    # Each round's protocol allows one report more than are paid for already.
    protocols = [
        world.agree(digest, TERMS.model_copy(update={"ledger_pair": math.ceil(BITS * paid)}))
        for paid in range(1, ROUNDS + 1)
    ]
    won = []
    for protocol in protocols:
        for racer in racers:
            racer.stdin.write(f"{protocol}\n")
            racer.stdin.flush()
        answers = [racer.stdout.readline().strip() for racer in racers]
        assert answers.count("spent") == PROCESSES - 1
        won += [answer for answer in answers if answer != "spent"]

    with world.platform.database.read() as session:
        entries = ledger.of_model(session, worlds.MODEL)
        rows = [run for each in protocols for run in runs.of_protocol(session, each)]
        size = sequencer.check_log(session, world.platform)
        starts = [item.index for each in won for item in log.find(session, "run-start", run=each)]
    assert [(entry.kind, entry.run) for entry in entries] == [("charge", run) for run in won]
    assert [(run.id, run.state) for run in rows] == [(run, "QUEUED") for run in won]
    # Every process published after each round: one log, and every run-start in it once.
    assert starts == list(range(size - ROUNDS, size))
