"""What doctor looks at on this machine, whatever the state of the database."""

import os
import shutil
import stat
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from harness.config import Settings
from harness.services.platform import caps
from harness.services.platform import engine as holding
from harness.services.platform.findings import Finding
from sandbox.container import requirements
from sandbox.errors import PlatformFault

_LEAST_FREE: Final = 1024**3
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def engine(settings: Settings) -> Finding:
    """The container engine."""
    try:
        version = holding.version(settings)
    except PlatformFault as fault:
        if fault.code == "launcher_unavailable":
            return Finding(
                "engine",
                False,
                f"no launcher answers at {settings.launcher}; runs wait",
                "assay launcher, as root; and ask as the user that it was started for",
            )
        return Finding(
            "engine",
            False,
            "the container engine does not answer; runs wait",
            "start Docker (for example `service docker start`)",
        )
    return Finding("engine", True, version)


def required(settings: Settings) -> Finding:
    """What the operator requires of a host, each that is missing with what helps."""
    words = settings.requirements
    if not words:
        return Finding("requirements", True, "none (ASSAY_SANDBOX_REQUIRE)")
    try:
        facts = holding.facts(settings)
    except PlatformFault:
        return Finding("requirements", True, "not looked at: see engine")
    if facts is None:
        return Finding("requirements", True, f"{' '.join(words)}: the launcher asks for them")
    lacking = list(requirements.unmet(words, facts))
    if not lacking:
        return Finding("requirements", True, " ".join(words))
    detail = "; ".join(f"{word}: {instead}" for word, instead, _ in lacking)
    remedies = "; ".join(remedy for _, _, remedy in lacking)
    return Finding("requirements", False, f"no run starts: {detail}", remedies)


def privileges(settings: Settings) -> Finding:
    """Who holds the engine: whoever does is root."""
    if not settings.launcher:
        return Finding(
            "privileges",
            True,
            "worker and gateway hold the container engine themselves, in one process tree "
            "(ASSAY_LAUNCHER is empty)",
        )
    if holding.can_be_opened():
        return Finding(
            "privileges",
            False,
            "this process could open the engine's socket, which is for the launcher alone",
            "run worker and web, and ask, as a user that is neither root nor in the socket's group",
        )
    return Finding("privileges", True, "the launcher alone holds the container engine")


def user(settings: Settings) -> Finding:
    """Who carries runs out."""
    if settings.launcher:
        return Finding("worker user", True, f"user {os.geteuid()}; the launcher makes run folders")
    if os.geteuid() == 0:
        return Finding("worker user", True, "root: worker, gateway and engine in one process tree")
    return Finding(
        "worker user",
        False,
        "not root: run directories cannot be given to a run's own user",
        "run the worker as root",
    )


def run_root(settings: Settings) -> Finding:
    """The folder of run directories."""
    root = settings.run_root
    if settings.launcher:
        return Finding("run folder", True, f"{root}, of the launcher")
    parent = root if root.exists() else root.parent
    if os.access(parent, os.W_OK):
        return Finding("run folder", True, str(root))
    return Finding("run folder", False, f"{root} cannot be written", "set ASSAY_RUN_ROOT")


def neighbours(settings: Settings) -> Finding:
    """Whether runs of different models may be on this host at the same time."""
    if settings.one_vendor_per_host:
        return Finding("neighbours", True, "one model's runs at a time")
    return Finding(
        "neighbours",
        True,
        "runs of different models share this host, and can signal to each other "
        "(ASSAY_ONE_VENDOR_PER_HOST)",
    )


def limits(settings: Settings) -> Finding:
    """Whether this host has what a suite may ask for."""
    lacks = " and ".join(caps.lacking(settings.max_memory_mib, settings.max_cpus))
    if not lacks:
        return Finding("limits", True, "this host has what a suite may ask for")
    return Finding(
        "limits",
        True,
        f"a suite may ask for more than the {lacks} of this host; its runs wait for another one "
        "(ASSAY_MAX_MEMORY_MIB, ASSAY_MAX_CPUS)",
    )


def disk(settings: Settings) -> Finding:
    """Space for the data folder."""
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


def keys(settings: Settings) -> Finding:
    """The server's keys: there, and for nobody else to read."""
    folder = settings.keys_dir
    try:
        files = sorted(folder.iterdir())
        open_to_others = [path for path in (folder, *files) if path.stat().st_mode & _OTHERS]
        for path in files:
            path.open("rb").close()
    except FileNotFoundError:
        return Finding("keys", False, f"no Assay in {settings.data_dir}", "assay db upgrade")
    except OSError as error:
        return Finding("keys", False, f"cannot be read: {error.strerror}", f"look at {folder}")
    if open_to_others:
        names = ", ".join(path.name for path in open_to_others)
        remedy = f"chmod -R go= {folder}, and ask who has read them"
        return Finding("keys", False, f"other users may read {names}", remedy)
    return Finding("keys", True, f"{len(files)} files, for their owner only")


def front() -> Finding:
    """What the pages bring to a browser."""
    if front_files():
        return Finding("pages", True, "style sheets and scripts are there")
    return Finding("pages", False, "style sheets and scripts are missing", "make front")


def front_files() -> bool:
    """Whether the front-end files were built; the web itself is not imported."""
    found = find_spec("web")
    folders = [] if found is None else found.submodule_search_locations or []
    return any(any(Path(folder, "static", "vendor").glob("**/*.css")) for folder in folders)
