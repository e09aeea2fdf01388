"""Restoring a backup: into an empty folder, checked, and said in the log.

A restored server has forgotten what it signed after the backup. If it went on as if nothing were,
its log would fork from what readers have seen without a word; so its first act is a statement that
tells from where on.
"""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.config import Settings
from harness.documents import canonical
from harness.errors import Conflict
from harness.records import log, people, runs
from harness.records.base import Act
from harness.records.database import upgrade
from harness.services import states
from harness.services.platform import backup, outbox, sequencer
from harness.services.platform.opening import Platform, open_platform
from harness.services.publication import sequence
from harness.services.runs.finish import SERVER, end

_OPEN: Final = (states.Run.RESERVED, states.Run.QUEUED, *states.LEASED_RUNS)


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back. `ended` counts runs that had no ending yet in the backup."""

    made_at: str
    log_size: int
    ended: int
    trust_root: str


def restore(settings: Settings, source: Path) -> Restored:
    """Restore the embedded default into a data folder that is empty or not there.

    An older schema is brought up to date. Raises Conflict for a folder with something in it,
    InvalidInput for a damaged backup, Unavailable for one of a newer version, IntegrityError when
    keys and log do not fit together; then nothing was made.
    """
    backup.check_embedded(settings)
    target = settings.data_dir.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Conflict(f"{settings.data_dir} is not empty; choose another by ASSAY_DATA_DIR")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".assay-restore-", dir=target.parent) as name:
        folder = Path(name) / "data"
        folder.mkdir(mode=0o700)
        saved = backup.unpack(source, folder)
        platform = _opened(settings, folder)
        try:
            restored = _begin_again(platform, saved)
        finally:
            platform.database.close()
        if target.exists():
            target.rmdir()
        folder.rename(target)
    return restored


def _opened(settings: Settings, folder: Path) -> Platform:
    there = Settings.model_validate({**settings.model_dump(), "data_dir": folder})
    upgrade(there.database)
    return open_platform(there)


def _begin_again(platform: Platform, saved: backup.Saved) -> Restored:
    """Check the log, end what was open and say so, in one transaction."""
    now = platform.clock()
    act = Act(SERVER, "restore backup", now)
    with platform.database.write() as session:
        size = sequencer.check_log(session, platform)
        head = log.head(session)
        note = b"" if head is None else head.note.encode()
        subjects = {"checkpoint": canonical.digest(note)}
        fields: dict[str, object] = {"size": size, "made_at": saved.made_at}
        outbox.issue(session, platform, "log-restore", subjects, fields, act)
        # Whoever was signed in then may have been shut out since.
        people.drop_expired(session, math.inf)
        # A run that waits in the backup may have been carried out since: never a second time.
        ended = [
            end(session, platform, run, states.Run.FAILED, "restored")
            for run in runs.in_states(session, _OPEN)
        ]
    sequence.publish(platform)
    return Restored(saved.made_at, size, sum(ended), platform.trust_root_digest)
