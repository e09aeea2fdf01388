"""The same game through the database: claim, session, gate, slot, signature, log.

The worker's own code carries the run. In place of container and processes it gets the wall of this
game, and its waiting for the slot is a step of the clock.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from harness.paging import Window
from harness.records import runs
from harness.services.access import Actor
from harness.services.platform import outbox
from harness.services.platform.opening import Platform
from harness.services.publication import bundles, log, sequence
from harness.services.release import execute
from harness.services.runs import perform, timing, view
from tests.hostile.game import auditor
from tests.hostile.game.protocols import Arena
from tests.hostile.game.wall import Program, carry
from tests.support import world as worlds
from tests.support.copies import copy

# How many leaves of the log are looked at; a run has three.
_NEWEST = 6
# Seconds after the slot at which the auditor looks.
POLLS = (0, 1, timing.LATE_S - 1, timing.LATE_S, 2 * timing.LATE_S)


class Hands:
    """Where the clock stands."""

    def __init__(self, now: float) -> None:
        self.now = now


class Stage:
    """A folder in which run after run is carried, each from the same beginning."""

    def __init__(self, arena: Arena, folder: Path) -> None:
        self._arena = arena
        self._world = copy(arena.origin, folder, worker_slots=64)
        self.folder = folder

    def carry(
        self, agreement: str, program: Program, bits: int, secret: int, *, late: bool = False
    ) -> list[bytes]:
        """What the auditor sees of a run at each look, as canonical bytes."""
        self._begin_again()
        held = self._arena.agreements[agreement].claims[0].run
        hands = Hands(held.start_by if late else held.reserved_at + 1)
        platform = replace(self._world.platform, clock=lambda: hands.now)

        def session(spec, _callbacks, _runtime):
            phases = "joined" if len(spec.stages) == 1 else "separate"
            ran = carry(spec.grant, program, bits, secret, hands.now, phases=phases)
            hands.now = ran.at
            return ran.result

        with pytest.MonkeyPatch.context() as patch:
            numbers = count()
            # Nonces hide what is withheld; here they are the same each time, so as to compare.
            patch.setattr(outbox, "new_nonce", lambda: f"{next(numbers):032x}")
            patch.setattr(perform, "_preflight", lambda *_: auditor.SELFTEST)
            patch.setattr(perform.engine, "runtime", lambda _settings: None)
            patch.setattr(perform.sandbox_session, "run", session)
            patch.setattr(execute, "_hold", lambda _at, _done, slot: setattr(hands, "now", slot))
            execute.execute(platform, held.id)
            found = []
            for after in POLLS:
                hands.now = held.slot_at + after
                sequence.publish(platform)
                found.append(_look(platform, held))
        platform.database.close()
        return found

    def _begin_again(self) -> None:
        # The engine stays: it would have to learn all its statements anew.
        self._world.platform.database.close()
        shutil.rmtree(self.folder)
        shutil.copytree(self._arena.origin.platform.settings.data_dir, self.folder)


def _look(platform: Platform, run: runs.Run) -> bytes:
    who = Actor(worlds.AUDITOR, "auditor")
    with platform.database.read() as session:
        seen = view.view(session, platform, who, run.id)
        entries = list(log.entries(session, who, Window(_NEWEST)).rows)
        told = {
            "outcome": seen.outcome,
            "expected_by": seen.expected_by,
            "inside": seen.inside is not None,
            # Of a sealed leaf only that it is there.
            "log": [
                [item.index, item.kind, item.logged_at, item.withheld or item.leaf_hash]
                for item in entries
            ],
            "open": list(_envelopes(session, who, entries)),
        }
        if seen.outcome == "RELEASED":
            told["report"] = bundles.report_of(session, platform, who, run.id).decode()
    return json.dumps(told).encode()


def _envelopes(session, who: Actor, entries: list[log.Entry]) -> Iterator[str]:
    for item in entries:
        if not item.withheld:
            yield log.envelope(session, who, item.digest).decode()
