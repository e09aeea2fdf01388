"""A Redis and a RabbitMQ of the test's own, from the programs of Debian's packages."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.missing import missing
from tests.support.servers.process import (
    HOST,
    PASSWORD,
    USER,
    WITH_US,
    Server,
    folder,
    free_port,
    says,
)
from tests.support.waiting import until

# Debian's own script becomes another user; this one runs as whoever calls it.
_RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_CONFIG = f"""\
default_user = {USER}
default_pass = {PASSWORD}
disk_free_limit.absolute = 10MB
"""
_AMQP = b"AMQP\0\0\x09\x01"
# EPMD's request for the names it knows; it answers with its own port first.
_EPMD_NAMES = b"\0\x01n"


@contextlib.contextmanager
def redis() -> Iterator[Server]:
    """A running Redis that keeps nothing on disk: killed, it has lost every message."""
    program = shutil.which("redis-server")
    if program is None:
        missing("Redis is not installed; deploy/bootstrap/servers.sh installs it")
    with folder("redis") as home:
        port = free_port()
        command = (
            *(program, "--port", str(port), "--bind", HOST, "--dir", str(home)),
            *("--save", "", "--appendonly", "no", "--daemonize", "no"),
            *("--requirepass", PASSWORD),
        )
        url = f"redis://:{PASSWORD}@{HOST}:{port}/0"
        server = Server(url, home, command, lambda: says(port, b"PING\r\n", b"-NOAUTH"))
        with server.running():
            yield server


@contextlib.contextmanager
def rabbitmq(*terms: str) -> Iterator[Server]:
    """A running RabbitMQ that knows no other: ports, cookie and port mapper are its own.

    Each of `terms` is a setting in Erlang's words, such as `{consumer_timeout, 1000}`.
    """
    if not _RABBITMQ.is_file():
        missing("RabbitMQ is not installed; deploy/bootstrap/servers.sh installs it")
    with folder("rabbitmq") as home, _port_mapper(home) as mapper:
        port = free_port()
        (home / "plugins").write_text("[].")
        (home / "rabbitmq.conf").write_text(_CONFIG)
        (home / "advanced.config").write_text(f"[{{rabbit, [{', '.join(terms)}]}}].")
        environment = {
            "HOME": str(home),
            "ERL_EPMD_ADDRESS": HOST,
            "ERL_EPMD_PORT": str(mapper),
            "RABBITMQ_NODENAME": "assay-test@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": HOST,
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_PID_FILE": str(home / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(home / "no-settings-of-this-machine"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                # A node that waits must not spin: the tests need the processor.
                "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none"
            ),
        }
        server = Server(
            f"amqp://{USER}:{PASSWORD}@{HOST}:{port}//",
            home,
            (str(_RABBITMQ),),
            lambda: says(port, _AMQP, b"capabilities"),
            environment,
        )
        with server.running():
            yield server


@contextlib.contextmanager
def _port_mapper(home: Path) -> Iterator[int]:
    """Erlang's port mapper. Left alone, the node would start one that outlives it."""
    port = free_port()
    program = shutil.which("epmd") or "epmd"
    with (home / "epmd.log").open("wb") as log:
        process = subprocess.Popen(
            (*WITH_US, program, "-port", str(port), "-address", HOST),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: says(port, _EPMD_NAMES, port.to_bytes(4)), 60, "the port mapper answers")
        yield port
    finally:
        process.kill()
        process.wait()
