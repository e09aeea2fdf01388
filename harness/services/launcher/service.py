"""The launcher as a process: records open, engine held, socket listened on, reconciled for ever."""

import logging
import os
import pwd
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.config import Settings
from harness.errors import HarnessError, InvalidInput
from harness.services.launcher.office import open_office
from harness.services.launcher.server import Server, listening
from harness.services.launcher.work import Launcher
from sandbox.container.docker import DockerRuntime

_log = logging.getLogger(__name__)
_END_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Worker:
    """The user whose processes are heard, and the group that gets the socket."""

    uid: int
    gid: int


def worker(name: str) -> Worker:
    """The user of web and worker; without a name this process's own. Raises InvalidInput."""
    if not name:
        return Worker(os.geteuid(), os.getegid())
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise InvalidInput(
            f"--user {name}: no such user; make it with `adduser --system`"
        ) from None
    return Worker(found.pw_uid, found.pw_gid)


def serve(
    settings: Settings, who: Worker, stopping: threading.Event, ready: Callable[[], None]
) -> None:
    """Launch containers until told to stop; `ready` is called when the socket is there.

    What an earlier launcher left is removed before anybody is heard.
    """
    site = open_office(settings)
    try:
        launcher = Launcher(site, DockerRuntime(), who.uid)
        with listening(Path(settings.launcher), who.gid) as listener:
            _reconcile(launcher)
            with _reconciling(launcher, settings.sweep_s):
                ready()
                Server(listener, who.uid, launcher.carry_out).run(stopping)
    finally:
        site.database.close()


@contextmanager
def _reconciling(launcher: Launcher, every_s: float) -> Iterator[None]:
    ending = threading.Event()

    def work() -> None:
        while not ending.wait(every_s):
            _reconcile(launcher)

    thread = threading.Thread(target=work, name="reconcile", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        # One that hangs, on an engine that does not answer, must not hold up an end.
        thread.join(_END_S)


def _reconcile(launcher: Launcher) -> None:
    try:
        launcher.reconcile()
    except HarnessError as error:
        _log.warning("not reconciled code=%s", error.code)
    except Exception as error:  # noqa: BLE001 - its text may be anything, and the launcher goes on
        _log.error("not reconciled kind=%s", type(error).__name__)
