"""The embedded broker: messages are whole, taken once, and never fatal."""

import json
import socket
import threading
import time

import pytest
from sqlalchemy import text

from harness import queue
from harness.config import Settings
from harness.errors import Unavailable
from harness.records.database import Database


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path, broker_url="", database_url="")


@pytest.fixture
def app(settings):
    app = queue.celery(settings)
    yield app
    app.close()


@pytest.fixture
def folder(settings):
    return settings.queue_dir / "messages"


def waiting(folder):
    return sorted(path.name for path in folder.iterdir())


def take(app):
    """Everything a worker would be given now: the arguments of each message."""
    taken = []
    with app.connection_for_read() as connection, connection.channel() as channel:
        while (message := channel.basic_get("assay", no_ack=True)) is not None:
            taken.append((message.headers["task"], json.loads(message.body)[0]))
    return taken


def test_a_message_is_a_run_id_and_nothing_else(app, folder):
    assert queue.nudge(app, "0123456789abcdef")
    assert len(waiting(folder)) == 1
    assert take(app) == [("assay.run", ["0123456789abcdef"])]
    assert waiting(folder) == []


def test_messages_come_in_order_and_once(app):
    names = [f"{number:016x}" for number in range(20)]
    for name in names:
        queue.nudge(app, name)
    assert [args for _, args in take(app)] == [[name] for name in names]
    assert take(app) == []


def test_each_message_is_taken_by_one_of_many(app):
    for number in range(40):
        queue.nudge(app, str(number))
    start, taken = threading.Barrier(4), []

    def work():
        start.wait(30)
        taken.extend(args[0] for _, args in take(app))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(taken, key=int) == [str(number) for number in range(40)]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"body": "x"}', b'{"properties": {}}', b"1" * 9999],
)
def test_what_is_no_message_is_dropped_and_the_next_is_read(app, folder, content, caplog):
    (folder / "00000.assay.msg").write_bytes(content)
    queue.nudge(app, "after")
    assert take(app) == [("assay.run", ["after"])]
    assert waiting(folder) == []
    assert "message dropped" in caplog.text


def test_a_message_is_not_seen_before_it_is_whole(app, folder):
    (folder / ".00000.assay.msg").write_bytes(b"half of")
    (folder / "00000.other.msg").write_bytes(b"another queue's")
    assert take(app) == []
    assert len(waiting(folder)) == 2


def test_a_nudge_that_cannot_be_sent_is_no_error(app, folder, caplog):
    folder.rmdir()
    assert queue.nudge(app, "0123456789abcdef") is False
    assert "nudge not sent" in caplog.text
    folder.mkdir()
    assert queue.nudge(app, "0123456789abcdef")


@pytest.fixture(params=["refuses", "accepts and never answers"])
def port(request):
    """Where no broker is."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param != "refuses":
            listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("url", ["amqp://guest:secret@{}:{}//", "redis://:secret@{}:{}/0"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda app: queue.nudge(app, "0123456789abcdef"),
        lambda app: queue.nudge_again(app, ["0123456789abcdef"]),
        queue.answers,
    ],
)
def test_nobody_waits_for_a_broker_that_is_away(tmp_path, url, port, ask, caplog):
    app = queue.celery(Settings(data_dir=tmp_path, broker_url=url.format("127.0.0.1", port)))
    began = time.monotonic()
    assert ask(app) is False
    assert time.monotonic() - began < 5
    assert "secret" not in caplog.text
    app.close()


def test_the_embedded_broker_answers_while_its_folder_can_be_written(app, folder):
    assert queue.answers(app)
    assert waiting(folder) == []
    folder.rmdir()
    assert not queue.answers(app)
    folder.write_bytes(b"a file in the way")
    assert not queue.answers(app)


def test_a_sweep_fills_no_queue(app, folder):
    waits = ["first", "second"]
    for _ in range(3):
        assert queue.nudge_again(app, waits)
    assert [args[0] for _, args in take(app)] == waits
    assert queue.nudge_again(app, waits)
    assert len(waiting(folder)) == 2
    assert queue.nudge_again(app, [])


def test_a_nudge_comes_after_the_commit_and_not_without(app, folder, tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'q.sqlite3'}")
    with database.write() as session:
        session.execute(text("CREATE TABLE t (x INTEGER)"))
        queue.nudge_after_commit(session, app, "committed")
        assert waiting(folder) == []
    with pytest.raises(ZeroDivisionError), database.write() as session:
        session.execute(text("INSERT INTO t VALUES (1)"))
        queue.nudge_after_commit(session, app, "rolled back")
        raise ZeroDivisionError
    assert [args for _, args in take(app)] == [["committed"]]
    database.close()


def test_the_folder_is_private(app, folder):
    assert folder.stat().st_mode & 0o077 == 0
    assert folder.parent.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_says_so(tmp_path):
    (tmp_path / "queue").write_bytes(b"a file in the way")
    with pytest.raises(Unavailable, match="the queue's folder cannot be made"):
        queue.celery(Settings(data_dir=tmp_path))


def test_results_and_remote_control_are_off(app):
    assert app.conf.task_ignore_result
    assert not app.conf.worker_enable_remote_control
    assert app.conf.accept_content == ["json"]
    assert not app.conf.result_backend
