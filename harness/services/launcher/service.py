"""The launcher as a process: records open, engine held, socket listened on, reconciled for ever."""

import logging
import os
import pwd
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.config import Settings
from harness.errors import HarnessError, InvalidInput
from harness.services.launcher.office import open_office
from harness.services.launcher.server import Server, listening
from harness.services.launcher.work import Launcher
from harness.services.platform.background import background
from sandbox.container.docker import DockerRuntime

_log = logging.getLogger(__name__)


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
    launcher = Launcher(site, DockerRuntime(), who.uid)

    def again(ending: threading.Event) -> None:
        while not ending.wait(settings.sweep_s):
            _reconcile(launcher)

    try:
        with listening(Path(settings.launcher), who.gid) as listener:
            _reconcile(launcher)
            with background("reconcile", again):
                ready()
                Server(listener, who.uid, launcher.carry_out).run(stopping)
    finally:
        site.database.close()


def _reconcile(launcher: Launcher) -> None:
    try:
        launcher.reconcile()
    except HarnessError as error:
        _log.warning("not reconciled code=%s", error.code)
    except Exception as error:  # noqa: BLE001 - its text may be anything, and the launcher goes on
        _log.error("not reconciled kind=%s", type(error).__name__)
