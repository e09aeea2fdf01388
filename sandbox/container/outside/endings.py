"""Guests that are killed, leave children behind, or belong to a worker that is dead."""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

from sandbox.container.outside import groups
from sandbox.container.outside.looks import look
from sandbox.container.outside.stage import Guest, Stage, until
from sandbox.container.outside.verdicts import Verdict
from sandbox.container.runtime import Status

_GONE_S = 5.0
_KILLED = 137  # 128 + SIGKILL, as the engine shows it


def idle(stage: Stage) -> Mapping[str, Verdict]:
    """One that ignores every signal: looked at, found by its labels, killed, and gone."""
    with stage.guest("run_directory", "idle") as guest:
        found = dict(look(stage, guest))
        before = _listing(guest.folder)
        changed = guest.act().get("done", 1)
        after = _listing(guest.folder)
        found["run_directory_unchanged"] = Verdict(before == after and changed == 0, str(changed))
        guest.act()
        found["found_by_labels"] = Verdict(_listed(stage, guest))
        began = time.monotonic()
        stage.engine.kill(guest.id)
        state = stage.state(guest.id)
        soon = time.monotonic() - began < _GONE_S
        found["killed_in_time"] = Verdict(soon and not _alive(guest.pid))
        found["foreign_kill_seen"] = Verdict(state.exit_code == _KILLED and not state.oom)
        stage.engine.remove(guest.id)
        found["gone_when_removed"] = Verdict(not _listed(stage, guest))
    return found


def orphans(stage: Stage) -> Mapping[str, Verdict]:
    """One that leaves ten children of a dead parent: the dead are reaped, the rest go with it."""
    with stage.guest("orphans") as guest:
        held = groups.of_process(guest.pid)
        left = guest.act().get("left", 0)
        # Five end at once: whoever inherits them must take their state, or they stay as zombies.
        reaped = until(lambda: not any(map(_dead, held.processes())), _GONE_S)
        inside = held.processes()
        guest.end.close()
        state = stage.state(guest.id)
        ended = until(lambda: not any(map(_alive, inside)), _GONE_S)
    return {
        "orphans_reaped": Verdict(left > 0 and reaped and bool(inside)),
        "orphans_end": Verdict(left > 0 and ended and state.status is Status.EXITED),
    }


def _listed(stage: Stage, guest: Guest) -> bool:
    found = [one for one in stage.engine.list(stage.owner) if one.id == guest.id]
    return [(one.identity.run, one.run_dir) for one in found] == [(guest.spec.run, guest.folder)]


def _listing(folder: Path) -> list[tuple[str, int, int, int]]:
    rows = [(path.name, path.lstat()) for path in (folder, *sorted(folder.iterdir()))]
    return [(name, shape.st_mode, shape.st_uid, shape.st_gid) for name, shape in rows]


def _state(pid: int) -> str:
    """A process's state by proc(5), empty when there is none."""
    with contextlib.suppress(OSError, IndexError):
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    return ""


def _dead(pid: int) -> bool:
    return _state(pid) == "Z"


def _alive(pid: int) -> bool:
    return _state(pid) not in {"", "Z", "X"}
