"""From the slot on an auditor sees levels and nothing else of what a model said.

Copies of one data folder whose run ends otherwise each time, without containers: other scores of
equal levels, other causes of a failure. Every address that the auditor can ask for is fetched from
each copy at the same moment of the clock, and all bytes are equal, headers and lengths included.
"""

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import manifest
from harness.disclosure import gate
from harness.documents.protocol import Protocol
from harness.records import protocols, runs, suites
from harness.services.agreements import agree, shape
from harness.services.agreements.terms import Terms
from harness.services.platform import outbox
from harness.services.release import execute
from harness.services.runs import perform
from sandbox.spec import Ending, SessionResult, UsageReceipt
from tests.support import copies, onlooker, released
from tests.support import world as worlds
from tests.support.onlooker import Onlooker, View, differing, differing_in_words

SUITE = Path(__file__).resolve().parents[3] / "evals" / "catalog" / "over_refusal"
TERMS = Terms(run_wall_clock_s=60, start_within_s=60, grid_s=10, runs=2, bits_cap=400)
CORRECT, OUTCOME = 0, 1

Table = list[tuple[int, int]]


@dataclass(frozen=True, repr=False)
class Start:
    """A world at rest with a queued run, and its auditor."""

    world: worlds.World
    run: str
    auditor: Onlooker
    now: float
    slot: float
    suite: manifest.Manifest
    protocol: Protocol

    def levels(self, table: Table) -> tuple[object, ...]:
        """What the gate makes of one row a sample."""
        return gate.release_rows(
            [(index, 0, values) for index, values in enumerate(table)],
            shape.plan_of(self.suite, 1),
            shape.declared_cells(self.protocol),
            shape.policy_of(self.protocol),
            charged=shape.alphabet_of(self.protocol),
        ).levels


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    world = worlds.make(tmp_path_factory.mktemp("after") / "origin")
    world.image()
    world.model()
    digest = world.suite({path.name: path.read_bytes() for path in SUITE.iterdir()})
    protocol_id = world.agree(digest, TERMS)
    run_id = world.reserve(protocol_id)
    with world.platform.database.read() as session:
        row = runs.get(session, run_id)
        now, slot = row.reserved_at + 1, row.slot_at
        protocol = agree.document(session, protocols.get(session, protocol_id))
        suite = manifest.parse(suites.get(session, digest).manifest)
    auditor = onlooker.signed_in(world, run_id=run_id, protocol_id=protocol_id, digest=digest)
    return Start(world, run_id, auditor, now, slot, suite, protocol)


@pytest.fixture(scope="module")
def look(start, tmp_path_factory) -> Callable[..., View]:
    """Let a copy's run end by `carry`, so many seconds after its start; what is seen then."""
    folder, numbers = tmp_path_factory.mktemp("copies"), itertools.count()

    def seen(carry: Callable[[worlds.World], object], after: float = 0.0) -> View:
        root = start.world.platform.settings.run_root
        copied = copies.copy(start.world, folder / str(next(numbers)), run_root=root)
        drawn = itertools.count()
        with pytest.MonkeyPatch.context() as patch:
            # Nonces hide what is withheld. Here they are the same each time, so as to compare.
            patch.setattr(outbox, "new_nonce", lambda: f"{next(drawn):032x}")
            carry(released.at(copied, start.now + after))
            later = released.at(copied, start.slot + 1)
            later.settle()
            found = start.auditor.look(later)
        copied.platform.database.close()
        return found

    return seen


def first_table(start: Start) -> Table:
    draw = random.Random(7)  # noqa: S311 - any table will do
    return [(draw.randrange(2), draw.randrange(3)) for _ in start.suite.samples]


def scored(start: Start, table: Table, usage=None):
    """A run that was released with these scores."""
    place = {"correct": CORRECT, "outcome": OUTCOME}
    return lambda world: released.release(
        world, start.run, lambda sample, field: table[sample][place[field.id]], usage
    )


def alike(start: Start, table: Table, seed: int) -> Table:
    """Other scores of most samples, and other sums, yet of equal levels."""
    draw = random.Random(seed)  # noqa: S311 - any table will do
    columns = [list(column) for column in zip(*table, strict=True)]
    for column, dimension in ((CORRECT, "topic"), (OUTCOME, "kind")):
        labels = [sample.groups[dimension] for sample in start.suite.samples]
        for label in set(labels):
            places = [index for index, other in enumerate(labels) if other == label]
            values = [columns[column][index] for index in places]
            draw.shuffle(values)
            for index, value in zip(places, values, strict=True):
                columns[column][index] = value
    found, wanted = list(zip(*columns, strict=True)), start.levels(table)
    for index in draw.sample(range(len(found)), 20):
        nudged = [*found]
        nudged[index] = (1 - found[index][CORRECT], (found[index][OUTCOME] + 1) % 3)
        if start.levels(nudged) == wanted:
            found = nudged
    return found


@pytest.fixture(scope="module")
def seen_first(start, look):
    return look(scored(start, first_table(start)))


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_scores_of_equal_levels_look_the_same(start, look, seen_first, seed):
    table = first_table(start)
    other = alike(start, table, seed)
    assert sum(map(int.__ne__, *([row[OUTCOME] for row in rows] for rows in (table, other)))) > 20
    assert differing(seen_first, look(scored(start, other))) == set()


def test_the_report_is_among_what_is_compared(start, look, seen_first):
    """The control: scores of another level are seen, on the pages that may show them."""
    table = [(0, 0)] * len(start.suite.samples)
    found = differing(seen_first, look(scored(start, table)))
    assert {f"/api/v1/reports/{start.run}", f"/reports/{start.run}"} <= found


def test_when_a_run_was_started_is_seen_nowhere(start, look, seen_first):
    """How long earlier runs took decides it, and they may have been told how long to take."""
    other = look(scored(start, first_table(start)), 37.0)
    assert differing_in_words(seen_first, other) == set()
    assert f"/api/v1/reports/{start.run}" not in differing(seen_first, other)


def test_what_a_run_used_is_seen_as_a_sealed_leaf_only(start, look, seen_first):
    usage = {"requests": 99, "replies": 98, "tokens_in": 7, "tokens_out": 123_456, "retries": 5}
    other = look(scored(start, first_table(start), usage))
    found = differing(seen_first, other)
    assert f"/api/v1/runs/{start.run}" not in found
    assert found  # the receipt has another digest, and so has the log's head
    assert differing_in_words(seen_first, other) == set()


def failed(start: Start, ending: Ending, code: str, stop_by: str | None = None, calls: int = 1):
    """A run that ended without scores after a reply had reached the guest."""

    def carry(world):
        held = released.start(world, start.run)
        if stop_by is not None:
            with world.platform.database.write() as session:
                runs.get(session, start.run).stop_by = stop_by
        receipt = UsageReceipt(held.protocol_row.digest, requests=calls, replies=calls)
        perform._end_early(world.platform, held, SessionResult(ending, code, True, (), receipt))

    return carry


def refused_by_the_gate(start: Start):
    def carry(world):
        held = released.start(world, start.run)
        execute._fail(world.platform, start.run, held.worker)

    return carry


CAUSES = {
    "a row that breaks the rules": (Ending.GUEST_FAULT, "bad_row"),
    "an exit without an end": (Ending.GUEST_FAULT, "no_end"),
    "out of memory": (Ending.OOM, "oom"),
    "the budget is spent": (Ending.OVER_BUDGET, "tokens_out"),
    "the vendor is down": (Ending.VENDOR_DOWN, "vendor_down"),
    "the wall clock is over": (Ending.DEADLINE, "deadline"),
    "the engine is lost": (Ending.ENGINE_LOST, "container_gone"),
    "the gateway is lost": (Ending.GATEWAY_LOST, "events_ended"),
    "the vendor stops it": (Ending.STOPPED, "asked", worlds.VENDOR, 40),
}


@pytest.fixture(scope="module")
def seen_failed(start, look):
    return look(refused_by_the_gate(start))


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_of_a_failure_looks_the_same(start, look, seen_failed, cause):
    after = 3.0 * (1 + list(CAUSES).index(cause))
    assert differing(seen_failed, look(failed(start, *CAUSES[cause]), after)) == set()


def test_a_failure_is_seen_as_such(start, seen_first, seen_failed):
    assert f"/api/v1/runs/{start.run}" in differing(seen_first, seen_failed)
