"""Guests that take more than they may have: memory, scratch space, files, processes, output."""

import errno
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sandbox.container.outside import groups
from sandbox.container.outside.stage import MIB, Stage, until
from sandbox.container.outside.verdicts import Verdict
from sandbox.container.runtime import Status

_FLOOD_S = 10.0
_INODES = 4096
_HOST_S = 5.0


def memory(stage: Stage) -> Mapping[str, Verdict]:
    """Its main process, and what the host has back afterwards."""
    with stage.guest("memory") as guest:
        held = groups.of_process(guest.pid)
        said = guest.act()
        guest.end.close()
        state = stage.state(guest.id)
    return {
        "memory_stops": Verdict(not said and state.status is Status.EXITED and state.oom),
        "memory_given_back": Verdict(until(held.gone, _HOST_S)),
    }


def memory_of_a_child(stage: Stage) -> Mapping[str, Verdict]:
    """A child only, while the main process lives on."""
    with stage.guest("memory_in_a_child") as guest:
        said = guest.act()
        guest.end.close()
        state = stage.state(guest.id)
    # Under gVisor all of it may end instead, and says nothing.
    stopped = said.get("ended", -signal.SIGKILL) == -signal.SIGKILL
    return {"child_memory_stops": Verdict(stopped and state.oom)}


def space(stage: Stage) -> Mapping[str, Verdict]:
    """Processes, one file that grows, and files in scratch space."""
    asked = stage.spec().limits
    with stage.guest("processes", "one_file", "files") as guest:
        found = groups.of_process(guest.pid)
        forked = guest.act()
        inside = len(found.processes())
        usable = _host_works()
        grown = guest.act()
        made = guest.act()
    return {
        "processes_stop": Verdict(
            forked.get("error") == errno.EAGAIN and 0 < inside <= asked.pids,
            str(forked.get("error", "")),
        ),
        "host_usable": Verdict(usable),
        "file_growth_stops": Verdict(
            grown.get("error") == errno.EFBIG and grown.get("written") == asked.fsize_bytes,
            str(grown.get("error", "")),
        ),
        "scratch_files_stop": Verdict(
            made.get("error") == errno.ENOSPC and made.get("made", _INODES) < _INODES,
            str(made.get("error", "")),
        ),
    }


def scratch(stage: Stage) -> Mapping[str, Verdict]:
    """Scratch space alone: it is full at its size, and counts as the run's memory."""
    with stage.guest("scratch", "emptied") as guest:
        found = groups.of_process(guest.pid)
        filled = guest.act()
        full = found.limit("memory", "memory.usage_in_bytes", "memory.current")
        guest.act()
        emptied = found.limit("memory", "memory.usage_in_bytes", "memory.current")
        asked = guest.spec.limits
    written = filled.get("written", 0)
    return {
        "scratch_stops": Verdict(
            filled.get("error") == errno.ENOSPC and 0 < written <= asked.tmpfs_bytes,
            str(filled.get("error", "")),
        ),
        "scratch_counts_as_memory": Verdict(full <= asked.memory_bytes and written <= full),
        "scratch_given_back": Verdict(full - emptied >= written // 2 > 0),
    }


def output(stage: Stage) -> Mapping[str, Verdict]:
    """A flood of output is discarded: it neither blocks the guest nor lands on the host."""
    with stage.guest("flood") as guest:
        guest.end.settimeout(_FLOOD_S)
        said = guest.act()
        shown = stage.shown(guest.id)
        log = str(shown.get("LogPath") or "")
        kept = _size(Path(log)) if log else 0
    return {"output_discarded": Verdict("written" in said and kept < MIB and not log)}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _host_works() -> bool:
    """Whether a program still starts on the host while a guest has all its processes."""
    try:
        done = subprocess.run(["/bin/true"], timeout=_HOST_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
