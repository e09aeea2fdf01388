"""Hostile programs in real containers, through the worker's own code and the real gateway.

The same reserved runs are carried out again and again on copies of one world at rest. Program and
secret come from the model alone, so that whatever differs afterwards is its doing.
"""

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pytest

from harness.records import protocols as protocol_rows
from harness.records import runs
from harness.services.platform import outbox
from harness.services.release import execute
from harness.services.states import TERMINAL_RUNS
from tests.hostile.game import protocols
from tests.integration.gateway.scripted_vendor import ScriptedVendor, completion
from tests.support import copies, onlooker, patched, selftested
from tests.support import world as worlds
from tests.support.onlooker import View
from tests.support.waiting import until

HOSTILE = Path(__file__).parents[2] / "hostile"
TROUBLE = b"trouble"
# A run may start so much later than it was reserved, for all that is played.
START_WITHIN_S = 3000


def files() -> dict[str, bytes]:
    """What goes on top of the guest image: the programs, and a runner that plays them."""
    suites = {path.name: path.read_bytes() for path in (HOSTILE / "suites").glob("*.py")}
    suites["notes.py"] = (HOSTILE / "inside/notes.py").read_bytes()
    return {
        "opt/assay/evals/runner.py": (HOSTILE / "inside/runner.py").read_bytes(),
        "opt/assay/evals/__pycache__/.wh.runner.cpython-311.pyc": b"",
        "opt/assay/tests/hostile/game/guest.py": (HOSTILE / "game/guest.py").read_bytes(),
        "opt/assay/tests/hostile/game/suite.py": (HOSTILE / "inside/suite.py").read_bytes(),
        **{f"opt/assay/tests/hostile/suites/{name}": body for name, body in suites.items()},
    }


def image(engine, base: str, folder: Path) -> str:
    """Id of the image with the programs, on this machine's engine."""
    made, archive = patched.build(engine, base, folder, files(), "hostile")
    engine.load_image(archive)
    return made


class Model:
    """A model that says one thing, and breaks down where a prompt asks for trouble.

    Its address stays the same: the digest of what a gateway enforces is in the report.
    """

    def __init__(self, says: str = "") -> None:
        self.says = says
        self.vendor = ScriptedVendor(default=self._answer)

    async def _answer(self, wire, seen) -> None:
        if TROUBLE in seen.raw:
            await wire.respond("500 Internal Server Error", b"{}")
        else:
            await wire.respond("200 OK", completion(self.says))


@dataclass(frozen=True)
class Played:
    """What the auditor saw of all runs before and after their slot, and what they were inside."""

    before: View
    after: View
    inside: tuple[tuple[str, str | None], ...]


class Stage:
    """One agreement with its runs reserved; `play` carries them out on a copy."""

    def __init__(self, folder: Path, image: str, agreement: str) -> None:
        self._folder, self._numbers = folder, itertools.count()
        self._world = worlds.make(folder / "origin", worker_slots=8)
        self._world.image(image)
        selftested.remember(self._world.platform, image)
        self._model = Model()
        self._world.model(self._model.vendor.base_url)
        self.runs = protocols.reserve(self._world, agreement, start_within_s=START_WITHIN_S)
        with self._world.platform.database.read() as session:
            rows = [runs.get(session, run) for run in self.runs]
            agreed = protocol_rows.get(session, rows[0].protocol)
        self.slot = max(row.slot_at for row in rows)
        names = {"run_id": self.runs[0], "protocol_id": agreed.id, "digest": agreed.suite}
        self._auditor = onlooker.signed_in(self._world, **names)

    def close(self) -> None:
        """The model is no more."""
        self._model.vendor.stop()

    def play(self, *said: str, together: bool = False) -> Played:
        """Let the model say one thing in each run, one after another or all at once."""
        root = self._world.platform.settings.run_root
        copied = copies.copy(self._world, self._folder / str(next(self._numbers)), run_root=root)
        with pytest.MonkeyPatch.context() as patch:
            drawn = itertools.count()
            # Nonces hide what is withheld. Here they are the same each time, so as to compare.
            patch.setattr(outbox, "new_nonce", lambda: f"{next(drawn):032x}")
            hands = Hands(copied)
            patch.setattr(execute, "_hold", hands.hold)
            try:
                return self._carried(hands, said, together)
            finally:
                copied.platform.database.close()

    def _carried(self, hands: "Hands", said: Sequence[str], together: bool) -> Played:  # noqa: FBT001
        with Crew(hands, self._model) as crew:
            for run, text in zip(self.runs, said, strict=False):
                crew.start(run, text)
                if not together:
                    crew.wait(run)
            for run in self.runs[: len(said)]:
                crew.wait(run)
            before = self._auditor.look(hands.frozen(self.slot - 1))
            hands.come()
        after = hands.frozen(self.slot + 1)
        after.settle()
        inside = tuple((hands.row(run).state, hands.row(run).category) for run in self.runs)
        return Played(before, self._auditor.look(after), inside)


class Hands:
    """A world whose slot comes when the test says so."""

    def __init__(self, world: worlds.World) -> None:
        self.world, self.holding = world, {}
        self._come, self._slot = threading.Event(), 0.0
        clock = world.platform.clock
        self.platform = replace(world.platform, clock=lambda: max(clock(), self._slot))

    def hold(self, _platform, done, _slot: float) -> None:
        """What a worker does with a report until its slot: in place of the real waiting."""
        self.holding[done.claim.run.id] = done
        assert self._come.wait(120)

    def come(self) -> None:
        """The slot is there, for workers that were alive all the while."""
        self._slot = max((done.slot for done in self.holding.values()), default=0.0)
        for done in self.holding.values():
            done.lease.beat()
        self._come.set()

    def frozen(self, at: float) -> worlds.World:
        """The same world at one moment."""
        return worlds.World(replace(self.platform, clock=lambda: at))

    def row(self, run: str) -> runs.Run:
        with self.platform.database.read() as session:
            return runs.get(session, run)


class Crew:
    """Workers, one for each run."""

    def __init__(self, hands: Hands, model: Model) -> None:
        self._hands, self._model = hands, model
        self._at_work: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self

    def start(self, run: str, says: str) -> None:
        """Let a run begin, to whose first call the model says this."""
        seen = self._model.vendor.seen
        before, self._model.says = len(seen), says
        thread = threading.Thread(target=execute.execute, args=(self._hands.platform, run))
        self._at_work.append(thread)
        thread.start()
        until(lambda: len(seen) > before or not thread.is_alive(), 60, "the first call")
        # A program that never ran would look the same.
        row = self._hands.row(run)
        assert len(seen) > before, (row.state, row.category)

    def wait(self, run: str) -> None:
        def over() -> bool:
            return run in self._hands.holding or self._hands.row(run).state in TERMINAL_RUNS

        until(over, 100, "an end before the slot")

    def __exit__(self, *_) -> None:
        self._hands.come()
        for thread in self._at_work:
            thread.join(60)
            assert not thread.is_alive()
