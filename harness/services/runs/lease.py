"""The lease of a claimed run: renewed while its worker lives, lost when it does not."""

from typing import Final

from harness.errors import HarnessError
from harness.records import runs
from harness.services.platform.opening import Platform

_EVERY_S: Final = 1.0


class Lease:
    """Renewed at most once a second, from the one thread that carries the run out."""

    def __init__(self, platform: Platform, run_id: str, worker: str) -> None:
        self._platform = platform
        self._run = run_id
        self._worker = worker
        self._requests = 0
        self._rows = 0
        self._renewed = platform.clock()
        self._stop = False

    def progress(self, requests: int, rows: int) -> None:
        """Remember how far the run is; written with the next renewal."""
        self._requests, self._rows = requests, rows

    def should_stop(self) -> bool:
        """Renew when due; True once somebody asked for a stop or the lease is lost."""
        self.beat()
        return self._stop

    def beat(self) -> None:
        """Renew the lease if a second has passed."""
        now = self._platform.clock()
        if now - self._renewed < _EVERY_S:
            return
        lease_s = self._platform.settings.lease_s
        try:
            with self._platform.database.write() as session:
                kept = runs.beat(
                    session, self._run, self._worker, now + lease_s, self._requests, self._rows
                )
                asked = runs.stop_asked(session, self._run)
        except HarnessError:
            # The database may be busy for a moment; the lease itself says when that is too long.
            self._stop = now - self._renewed > lease_s
            return
        self._renewed = now
        self._stop = not kept or asked is not None
