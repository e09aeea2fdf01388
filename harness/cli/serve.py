"""`assay serve`: the web and its worker, supervised, at one printed address."""

import errno
import os
import socket
import sys
from collections.abc import Callable
from typing import Annotated, Final

import typer

from harness import config
from harness.cli import files, output
from harness.cli.supervise import Child, Supervisor, worker
from harness.config import Settings, SettingsInvalid
from harness.errors import Conflict
from harness.services.parties import people
from harness.services.platform import address, logs, machine
from harness.services.platform.opening import Platform, initialise
from harness.services.platform.version import VERSION
from harness.services.publication.desk import open_desk
from harness.services.publication.sweeper import sweeping

_BACKLOG: Final = 256
_FREE: Final = "ASSAY_LISTEN, for example 127.0.0.1:0 for any free port"


def serve(
    *,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Only the web; workers run elsewhere.")
    ] = False,
) -> None:
    """Serve the web and carry runs out, until Ctrl-C; makes the data folder at first start."""
    settings = config.load()
    if trouble := address.exposed(settings):
        raise SettingsInvalid([trouble])
    with listen(settings) as listener:
        prepare(settings)
        serve_on(settings, listener, banner, with_worker=not no_worker)


def listen(settings: Settings) -> socket.socket:
    """Take the address of ASSAY_LISTEN. Raises Conflict with what helps."""
    host, port = address.listen_at(settings)
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(where)
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
    except socket.gaierror:
        raise Conflict(f"{host} is no address of this machine: choose another by {_FREE}") from None
    except OSError as error:
        raise Conflict(_why(error.errno, host, port)) from None
    return listener


def _why(code: int | None, host: str, port: int) -> str:
    if code == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is in use: stop what listens there (`assay doctor` says "
            f"whether it is Assay), or choose another by {_FREE}"
        )
    if code == errno.EACCES:
        return f"port {port} needs more rights than this user has: choose another by {_FREE}"
    return f"{host} port {port} cannot be listened on: choose another by {_FREE}"


def prepare(settings: Settings) -> None:
    """Make the embedded default when there is none yet; a database that is named is not touched."""
    if not settings.database_url and not settings.data_dir.exists():
        with output.waiting("First start: making the data folder, its keys and its database"):
            initialise(settings)


def serve_on(
    settings: Settings,
    listener: socket.socket,
    say: Callable[[Platform, int], None],
    *,
    with_worker: bool = True,
) -> None:
    """Supervise web processes on a socket, and a worker, until a signal asks to stop.

    `say` gets the opened platform and the port, and tells people where it is.
    """
    port = listener.getsockname()[1]
    # Everything below knows the real port, also where any free one was asked for.
    environment = os.environ | {"ASSAY_LISTEN": f"{settings.listen.rpartition(':')[0]}:{port}"}
    program = (sys.executable, "-m", "harness.starting", "web.main")
    command = (*program, str(listener.fileno()), str(os.getpid()))
    web = Child("web", command, (listener.fileno(),), environment)
    children = [web] * settings.web_processes
    desk = open_desk(settings)
    logs.begin("supervisor")
    try:
        say(desk.platform, port)
        name = ""
        if with_worker:
            children.append(worker(settings))
            name = worker_name(desk.platform)
        with sweeping(desk, name):
            # While processes end, nobody new is let in to wait for one that will not come.
            Supervisor(children, listener.close).run()
    finally:
        desk.close()
    output.note("stopped")


def worker_name(platform: Platform) -> str:
    """What the worker of this supervisor is called."""
    return f"{platform.host}:{os.getpid()}"


def banner(platform: Platform, port: int) -> None:
    """Say where it is, and how somebody signs in for the first time."""
    settings = platform.settings
    files.write(settings.data_dir / "trust-root.json", platform.trust_root)
    where = address.public_url(settings, port)
    with platform.database.write() as session:
        secret = people.first_operator(session, platform)
    output.say(f"Assay {VERSION} at {where}")
    if secret is not None:
        output.say(f"  sign in      {address.link(settings, port, secret)}")
        output.say(
            f"               (operator's link: works once, within {people.LINK_S // 86400} days)"
        )
    output.say(f"  data folder  {settings.data_dir}")
    output.say(f"  trust root   {platform.trust_root_digest}")
    output.say("  stop         Ctrl-C")
    if not machine.front_files():
        output.note("the pages have no style sheets yet: run `make front`")
