"""The game: plant a secret, let a suite run, and see what a decoder can say of it.

The decoder knows suite and agreement and everything an auditor can reach. As the trusted side is a
function, the best decoder is a table: for each view the first secret that gives it.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, comb, log2

from harness.disclosure.accountant import Account, Caps, Charge, Entry, charge, spent
from harness.disclosure.bits import MICRO
from harness.services.runs.claim import Claim
from tests.hostile.game import auditor, naive
from tests.hostile.game.protocols import Arena
from tests.hostile.game.suite import Suite
from tests.hostile.game.wall import Ran, carry

TRIALS = 2000
SPARE_BITS = 12
LEAST_PROBABILITY = 1e-6


@dataclass
class Game:
    """Plays suites in an arena. What a suite does with the bits it uses is computed once."""

    arena: Arena
    _ran: dict[tuple[str, int], tuple[Ran, ...]] = field(default_factory=dict)
    _seen: dict[tuple[str, int], bytes] = field(default_factory=dict)
    _starts: dict[tuple[str, float], auditor.Start] = field(default_factory=dict)

    def ran(self, suite: Suite, secret: int) -> tuple[Ran, ...]:
        """The suite's runs over a secret of `uses` bits, as the sandbox saw them."""
        key = suite.name, secret
        if key not in self._ran:
            self._play(suite, secret)
        return self._ran[key]

    def view(self, suite: Suite, secret: int) -> bytes:
        """What an auditor sees of them."""
        key = suite.name, secret
        if key not in self._seen:
            self._play(suite, secret)
        return self._seen[key]

    def naive(self, suite: Suite, secret: int) -> str:
        """What the naive gate shows of what the suite counts on."""
        return repr([naive.shown(ran, suite.leak) for ran in self.ran(suite, secret)])

    def bits(self, suite: Suite) -> float:
        """What the fullest ledger was charged for the suite's runs, all of one owner."""
        entries: tuple[Entry, ...] = ()
        for held in self._claims(suite):
            account = Account(held.protocol.parties.auditor.organisation, "owner", "model")
            new = Charge(held.run.id, account, held.run.microbits, int(held.run.reserved_at))
            entries = charge(entries, new, Caps())
        return spent(entries, account, new.at).owner_group / MICRO

    def alphabet(self, suite: Suite) -> int:
        """How many reports its agreement allows."""
        return self.arena.agreements[suite.agreements[0]].alphabet

    def _claims(self, suite: Suite) -> list[Claim]:
        seen: Counter[str] = Counter()
        found = []
        for name in suite.agreements:
            found.append(self.arena.agreements[name].claims[seen[name]])
            seen[name] += 1
        return found

    def _start(self, claim: Claim, at: float) -> auditor.Start:
        key = claim.run.id, at
        if key not in self._starts:
            self._starts[key] = auditor.start(claim, at)
        return self._starts[key]

    def _play(self, suite: Suite, secret: int) -> None:
        runs: list[Ran] = []
        views = []
        for number, claim in enumerate(self._claims(suite)):
            at = claim.run.start_by if suite.late else claim.run.reserved_at + 1
            if suite.chained and runs:
                at = max(at, runs[-1].at)
            begun = self._start(claim, at)

            def program(guest, known, number=number):
                guest.run = number
                suite.program(guest, known)

            phases = claim.protocol.harness.phases
            how = {"silent": suite.silent, "phases": phases}
            runs.append(carry(begun.grant, program, suite.uses, secret, at, **how))
            views.append(auditor.view(begun, runs[-1]))
        self._ran[suite.name, secret] = tuple(runs)
        self._seen[suite.name, secret] = b"\n".join(views)


def distinct(look: Callable[[Suite, int], object], suite: Suite) -> dict[object, int]:
    """Each thing that is seen over all secrets, with the first secret that gives it."""
    found: dict[object, int] = {}
    for secret in suite.secrets:
        found.setdefault(look(suite, secret), secret)
    return found


def recovered(look: Callable[[Suite, int], object], suite: Suite, k: int, seed: int) -> int:
    """In how many of the trials a decoder names all k bits."""
    table = distinct(look, suite)
    draw = random.Random(f"{suite.name} {seed}")
    hits = 0
    for _ in range(TRIALS):
        secret = draw.getrandbits(k)
        used = secret & (2**suite.uses - 1)
        hits += table[look(suite, used)] == secret
    return hits


def secret_bits(bound: float) -> int:
    """k: more bits than the bound by so many that guessing does not help."""
    return ceil(bound) + SPARE_BITS


def most_hits(bound: float, k: int) -> int:
    """The most hits that luck explains: fewer have a probability of at least 1e-6."""
    chance, hits = 2.0 ** (bound - k), 0
    while _tail(hits + 1, chance) >= LEAST_PROBABILITY:
        hits += 1
    return hits


def _tail(least: int, chance: float) -> float:
    """P[Binomial(trials, chance) >= least]."""
    below = sum(
        comb(TRIALS, hits) * chance**hits * (1 - chance) ** (TRIALS - hits) for hits in range(least)
    )
    return 1 - below


def bits_of(views: int) -> float:
    """log2 of a count."""
    return log2(views)
