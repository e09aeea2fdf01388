"""Real servers for the tests that ask for one: started once, empty for each test.

A test that kills its server takes the context managers beside this file instead.
"""

from collections.abc import Iterator

import kombu
import pytest

from tests.support.servers import brokers
from tests.support.servers import postgresql as databases
from tests.support.servers.postgresql import PostgreSQL
from tests.support.servers.process import Server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with databases.postgresql() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql) -> Iterator[str]:
    """URL of an empty database."""
    url = postgresql.fresh()
    yield url
    postgresql.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path) -> str:
    """URL of an empty database: the test runs on each kind that there is."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.sqlite3'}"
    return request.getfixturevalue("postgresql_url")


@pytest.fixture(scope="session")
def redis() -> Iterator[Server]:
    with brokers.redis() as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[Server]:
    with brokers.rabbitmq() as server:
        yield server


@pytest.fixture
def redis_url(redis) -> Iterator[str]:
    """URL of a Redis without messages."""
    yield redis.url
    _empty(redis.url)


@pytest.fixture
def rabbitmq_url(rabbitmq) -> Iterator[str]:
    """URL of a RabbitMQ without messages."""
    yield rabbitmq.url
    _empty(rabbitmq.url)


@pytest.fixture(params=["sqlite-folder", "postgresql-redis", "postgresql-rabbitmq"])
def way(request) -> dict[str, str]:
    """Settings of each way that Assay is brought up: none at all, or a database and a broker."""
    if request.param == "sqlite-folder":
        return {}
    return {
        "database_url": request.getfixturevalue("postgresql_url"),
        "broker_url": request.getfixturevalue(f"{request.param.rpartition('-')[2]}_url"),
    }


def _empty(url: str) -> None:
    with kombu.Connection(url) as connection, connection.channel() as channel:
        kombu.Queue("assay", channel=channel).delete()
