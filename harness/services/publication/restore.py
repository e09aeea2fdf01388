"""Restoring a backup: into an empty folder, checked, and said in the log.

A backup is older than what it replaces. With the log's copy of the server that it was made of,
the log goes on where readers have seen it and what was spent since stays spent. Without it the
restored server has forgotten what it signed after the backup; if it went on as if nothing were,
its log would fork without a word. So its first act is a statement that tells from where on.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.config import Settings
from harness.errors import Conflict, InvalidInput
from harness.records.database import upgrade
from harness.services.platform import backup, logcopy
from harness.services.platform.opening import Platform, copy_log, open_unchecked
from harness.services.publication import rebuild, sequence


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back. `entries` of the log are from its copy, `charges` were put right.

    `ended` counts runs that had no ending yet in the backup.
    """

    made_at: str
    log_size: int
    entries: int
    charges: int
    ended: int
    trust_root: str


def restore(settings: Settings, source: Path, log_copy: Path | None = None) -> Restored:
    """Restore the embedded default into a data folder that is empty or not there.

    `log_copy` is the file of the server that the backup was made of, where it still exists. An
    older schema is brought up to date. Raises Conflict for a folder with something in it,
    InvalidInput for a damaged backup, Unavailable for one of a newer version, IntegrityError when
    keys, log and copy do not fit together; then nothing was made.
    """
    backup.check_embedded(settings)
    target = settings.data_dir.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Conflict(f"{settings.data_dir} is not empty; choose another by ASSAY_DATA_DIR")
    if log_copy is not None and not log_copy.is_file():
        raise InvalidInput(f"{log_copy}: no such file")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".assay-restore-", dir=target.parent) as name:
        folder = Path(name) / "data"
        folder.mkdir(mode=0o700)
        saved = backup.unpack(source, folder)
        platform = _opened(settings, folder, log_copy)
        try:
            restored = _begin_again(platform, saved)
        finally:
            platform.database.close()
        if target.exists():
            target.rmdir()
        folder.rename(target)
    return restored


def _opened(settings: Settings, folder: Path, log_copy: Path | None) -> Platform:
    there = Settings.model_validate({**settings.model_dump(), "data_dir": folder})
    place = logcopy.place(there)
    if log_copy is not None and not place.exists():
        shutil.copyfile(log_copy, place)
        place.chmod(0o600)
    upgrade(there.database)
    copy_log(there)
    return open_unchecked(there)


def _begin_again(platform: Platform, saved: backup.Saved) -> Restored:
    """Check the log, take back what is known since, end what was open and say so."""
    with platform.database.write() as session:
        rebuilt = rebuild.recover(session, platform)
        rebuild.say(session, platform, saved.made_at)
        ended = rebuilt.ended + rebuild.end_open(session, platform)
    sequence.publish(platform)
    return Restored(
        made_at=saved.made_at,
        log_size=rebuilt.log_size,
        entries=rebuilt.entries,
        charges=rebuilt.charges,
        ended=ended,
        trust_root=platform.trust_root_digest,
    )
