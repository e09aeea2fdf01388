"""Redis and RabbitMQ by their URL alone: nudges reach a worker, and never hold anybody up."""

import json
import time

import pytest

from harness import queue
from harness.config import Settings
from harness.services.platform import doctor
from tests.support import world as worlds
from tests.support.servers import brokers

RUN = "0123456789abcdef"


@pytest.fixture(params=[brokers.redis, brokers.rabbitmq])
def server(request):
    with request.param() as server:
        yield server


@pytest.fixture
def app(server, tmp_path):
    app = queue.celery(Settings(data_dir=tmp_path, broker_url=server.url))
    yield app
    app.close()


def take(app):
    """Everything a worker would be given now: the arguments of each message."""
    taken = []
    with app.connection_for_read() as connection, connection.channel() as channel:
        while (message := channel.basic_get("assay", no_ack=True)) is not None:
            taken.append((message.headers["task"], json.loads(message.body)[0]))
    return taken


def quickly(act):
    began = time.monotonic()
    answer = act()
    assert time.monotonic() - began < 5
    return answer


def test_nudges_through_the_life_of_a_broker(app, server):
    assert queue.answers(app)
    assert queue.nudge(app, RUN)
    assert take(app) == [("assay.run", [RUN])]
    for _ in range(3):
        assert queue.nudge_again(app, ["first", "second"])
    assert [args for _, args in take(app)] == [["first"], ["second"]]

    server.kill()
    for _ in range(2):
        assert quickly(lambda: queue.nudge(app, RUN)) is False
        assert quickly(lambda: queue.nudge_again(app, [RUN])) is False
        assert quickly(lambda: queue.answers(app)) is False

    server.start()
    # The very next one works: nothing stale is left of the connections before.
    assert queue.nudge(app, RUN)
    assert queue.answers(app)
    assert take(app)[-1] == ("assay.run", [RUN])


def test_doctor_says_whether_the_broker_answers(tmp_path, server):
    world = worlds.make(tmp_path / "data", broker_url=server.url)
    settings = world.platform.settings

    def found():
        return next(each for each in doctor.examine(settings) if each.name == "broker")

    scheme = server.url.partition(":")[0]
    assert (found().ok, found().detail) == (True, scheme)
    server.kill()
    assert not found().ok
    assert (found().detail, found().remedy) == (
        f"{scheme}: takes no messages; runs wait",
        "start it, or correct ASSAY_BROKER_URL",
    )
    world.platform.database.close()
