"""SIGKILL of every part at the states of a run: nothing lost, twice, or stuck; no container left.

What a run that is in a state ends as when a part dies there. Where two are written, the part came
back before, or after, the run's worker would have had to speak to it.

| state of the run | web | worker | supervisor | Redis | RabbitMQ | PostgreSQL |
|---|---|---|---|---|---|---|
| RESERVED, not in the log yet | RELEASED | 1 | RELEASED | RELEASED | 2 | RELEASED |
| QUEUED behind another | 1 | RELEASED | RELEASED | RELEASED | RELEASED | RELEASED |
| PREFLIGHT | 1 | INVALID_INFRA | RELEASED | 2 | 2 | INVALID_INFRA |
| RUNNING | RELEASED | FAILED | RELEASED | RELEASED | RELEASED | FAILED |
| RECONCILING, waiting for its slot | 1 | FAILED | RELEASED | 2 | 2 | FAILED or RELEASED |
| RELEASED a moment ago | RELEASED | RELEASED | RELEASED | 2 | 2 | RELEASED |

1: that part does not take part in this state; the case beside it covers its sweep, or its pool.
2: between its nudge and its end no run speaks to the broker; RUNNING stands for all of them.

"worker" is the pool process that carries the run out. A supervisor's death lets its worker finish
what it has begun; another supervisor starts beside it. The embedded queue is files: it cannot die.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harness.services.states import Run
from tests.integration.serve.stage import LEASE_S, STUCK_S, Stage
from tests.integration.worker.process_tree import alive, descendants, kill
from tests.integration.worker.rig import SAMPLES
from tests.support import selftested
from tests.support.servers import brokers, postgresql
from tests.support.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.slow]

HELD = (Run.PREFLIGHT, Run.RUNNING, Run.RECONCILING)


def web_dies(stage, state):
    kill(stage.served.web()[0])
    yield
    stage.rig.vendor.release()


def worker_dies(stage, state):
    for pid in stage.pool():
        kill(pid)
    yield
    stage.rig.vendor.release()


def supervisor_dies(stage, state):
    below = descendants(stage.served.pid)
    stage.served.process.kill()
    stage.served.process.wait()
    yield
    stage.start()
    stage.rig.vendor.release()
    until(lambda: not [pid for pid in below if alive(pid)], STUCK_S, "the processes before gone")


def broker_dies(stage, state):
    stage.server.kill()
    yield
    parts = until(lambda: not (found := stage.served.ready())["broker"] and found, 60, "seen")
    assert parts == {"database": True, "broker": False, "log": True}
    # Nobody waits for a broker: pages answer and a run under way goes on.
    assert stage.served.get("/log")[0] == 200
    stage.rig.vendor.release()
    stage.server.start()


def database_dies(stage, state):
    began = time.time()
    stage.server.kill()
    yield
    parts = until(lambda: not (found := stage.served.ready())["database"] and found, 60, "seen")
    assert parts["broker"]
    status, page = stage.served.get("/log")
    assert status == 503
    assert "database does not answer" in page
    assert "postgresql+psycopg" not in page
    assert stage.served.get("/health/live")[0] == 200
    if state in HELD:
        until(lambda: time.time() > began + LEASE_S + 1, LEASE_S + 5, "the lease has run out")
    stage.rig.vendor.release()
    stage.server.start()


class Part(NamedTuple):
    """A part that dies: how, what it takes to have it, and what runs at each state become."""

    dies: Callable[[Stage, str], Any]
    endings: dict[str, set[str]]
    server: Callable[[], Any] = nullcontext
    setting: str = ""


GOES_ON = {Run.RELEASED}
PARTS = {
    "web": Part(web_dies, dict.fromkeys((Run.RESERVED, Run.RUNNING, Run.RELEASED), GOES_ON)),
    "worker": Part(
        worker_dies,
        {
            Run.QUEUED: GOES_ON,
            Run.PREFLIGHT: {Run.INVALID_INFRA},
            Run.RUNNING: {Run.FAILED},
            Run.RECONCILING: {Run.FAILED},
            Run.RELEASED: GOES_ON,
        },
    ),
    "supervisor": Part(
        supervisor_dies,
        dict.fromkeys((Run.RESERVED, Run.QUEUED, *HELD, Run.RELEASED), GOES_ON),
    ),
    "redis": Part(
        broker_dies,
        dict.fromkeys((Run.RESERVED, Run.QUEUED, Run.RUNNING), GOES_ON),
        brokers.redis,
        "broker_url",
    ),
    "rabbitmq": Part(
        broker_dies,
        dict.fromkeys((Run.QUEUED, Run.RUNNING), GOES_ON),
        brokers.rabbitmq,
        "broker_url",
    ),
    "postgresql": Part(
        database_dies,
        {
            Run.RESERVED: GOES_ON,
            Run.QUEUED: GOES_ON,
            Run.PREFLIGHT: {Run.INVALID_INFRA},
            Run.RUNNING: {Run.FAILED},
            Run.RECONCILING: {Run.FAILED, Run.RELEASED},
            Run.RELEASED: GOES_ON,
        },
        postgresql.postgresql,
        "database_url",
    ),
}
CASES = [(name, state) for name, part in PARTS.items() for state in part.endings]


@contextmanager
def staged(part: Part, folder: Path, image_id: str):
    with part.server() as server:
        settings = {}
        if part.setting:
            fresh = getattr(server, "fresh", None)
            settings[part.setting] = server.url if fresh is None else fresh()
        stage = Stage(folder, image_id, server, **settings)
        try:
            selftested.remember(stage.rig.platform, image_id)
            stage.start()
            yield stage
        finally:
            stage.close()


@pytest.fixture(scope="module")
def stages(tmp_path_factory, image_id):
    """The stage of a part; the one before it ends when another part's turn comes."""
    there: dict[str, Stage] = {}
    with ExitStack() as stack:

        def of(name: str) -> Stage:
            if name not in there:
                stack.close()
                there.clear()
                folder = tmp_path_factory.mktemp(name)
                there[name] = stack.enter_context(staged(PARTS[name], folder, image_id))
            return there[name]

        yield of


@pytest.mark.parametrize(("name", "state"), CASES)
def test_a_part_that_dies(stages, name, state):
    part, stage = PARTS[name], stages(name)
    since, asked = time.time(), len(stage.rig.vendor.seen)
    dying = part.dies(stage, state)
    with stage.at(state) as found:
        next(dying)
    next(dying, None)
    stage.heal()
    stage.check(found[0], part.endings[state], since)
    for other in found[1:]:
        # The run before it was RUNNING, whichever state this case is about.
        stage.check(other, part.endings.get(Run.RUNNING, GOES_ON) | GOES_ON, since)
    assert len(stage.rig.vendor.seen) - asked <= SAMPLES * len(found)
