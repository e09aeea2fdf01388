"""Doctor: what Assay needs on this machine, whether it is there, and which command helps."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from harness.config import Settings
from harness.errors import HarnessError
from harness.records import platform as rows
from harness.services.platform import images, sequencer
from harness.services.platform.opening import Platform, open_platform
from sandbox.container.docker import DockerRuntime
from sandbox.errors import PlatformFault

_LEAST_FREE = 1024**3
_SEEN_S = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One examined thing; `remedy` is a command or an act, empty when all is well."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; a fault in one thing never hides another."""
    findings = [_engine(), _user(), _run_root(settings), _disk(settings)]
    try:
        platform = open_platform(settings)
    except HarnessError as error:
        findings.append(Finding("database", False, str(error), "assay db upgrade"))
        return findings
    findings.append(Finding("database", True, platform.database.engine.dialect.name))
    looks: tuple[Callable[[Platform], Finding], ...] = (_image, _selftest, _log, _workers, _broker)
    for look in looks:
        try:
            findings.append(look(platform))
        except HarnessError as error:
            findings.append(Finding(look.__name__.strip("_"), False, str(error)))
    platform.database.close()
    return findings


def _engine() -> Finding:
    try:
        version = DockerRuntime().version()
    except PlatformFault:
        return Finding(
            "engine",
            False,
            "the container engine does not answer; runs wait",
            "start Docker (for example `service docker start`)",
        )
    return Finding("engine", True, version)


def _user() -> Finding:
    if os.geteuid() == 0:
        return Finding("worker user", True, "root: worker, gateway and engine in one process tree")
    return Finding(
        "worker user",
        False,
        "not root: run directories cannot be given to a run's own user",
        "run the worker as root",
    )


def _run_root(settings: Settings) -> Finding:
    root = settings.run_root
    parent = root if root.exists() else root.parent
    if os.access(parent, os.W_OK):
        return Finding("run folder", True, str(root))
    return Finding("run folder", False, f"{root} cannot be written", "set ASSAY_RUN_ROOT")


def _disk(settings: Settings) -> Finding:
    folder = (
        settings.data_dir if settings.data_dir.exists() else settings.data_dir.absolute().parent
    )
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    detail = f"{free // 2**20} MiB free"
    if free < _LEAST_FREE:
        return Finding("disk", False, detail, f"free space below {folder}")
    return Finding("disk", True, detail)


def _image(platform: Platform) -> Finding:
    image = images.newest(platform)
    return Finding("image", True, image.id)


def _selftest(platform: Platform) -> Finding:
    image = images.newest(platform)
    with platform.database.read() as session:
        known = rows.selftest(session, image.id, platform.host)
    if known is None:
        return Finding("self-test", True, "not run yet; it runs before the first run")
    if not known.passed:
        return Finding("self-test", False, "a must does not hold", "assay sandbox selftest")
    return Finding("self-test", True, known.digest)


def _log(platform: Platform) -> Finding:
    with platform.database.read() as session:
        size = sequencer.check_log(session, platform)
    return Finding("log", True, f"{size} leaves, root recomputed")


def _workers(platform: Platform) -> Finding:
    with platform.database.read() as session:
        seen = rows.workers(session, platform.clock() - _SEEN_S)
    if not seen:
        return Finding("workers", False, "none seen in the last minute; runs wait", "assay worker")
    return Finding("workers", True, f"{len(seen)} alive")


def _broker(platform: Platform) -> Finding:
    settings = platform.settings
    if not settings.broker_url:
        return Finding("broker", True, "embedded, in the data folder")
    return Finding("broker", True, settings.broker_url.partition(":")[0])
