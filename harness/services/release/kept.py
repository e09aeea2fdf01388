"""Sums of a run's scores, kept sealed for the difference to another model's run.

The sum of each sample's difference is the difference of both sums, so nothing of a single sample
is kept: one exact sum for each share or mean of scores. Sealed with the vault's key; of one length,
whatever the scores are; bound to the run whose they are.
"""

import json
from fractions import Fraction
from typing import Any, Final

from sqlalchemy.orm import Session

from harness.disclosure import cells, metrics
from harness.disclosure.cells import COMPARED
from harness.errors import IntegrityError
from harness.records import kept
from harness.records.base import Act
from harness.services.agreements import shape
from harness.services.platform.opening import Platform
from harness.services.platform.vault import Vault
from harness.services.runs.claim import Claim
from harness.services.runs.finish import SERVER
from harness.services.runs.perform import Performed

_DAY_S: Final = 86_400
_PURPOSE: Final = "kept sums"


def keep(session: Session, platform: Platform, done: Performed, slot: float) -> None:
    """Keep what the run's protocol says for as long as it says, from its slot on."""
    held = done.claim
    days = held.protocol.evidence.scores_kept_days
    if days is None or shape.policy_of(held.protocol).privacy is not None:
        # A difference to a sum without noise would tell what the noise was agreed to hide.
        return
    sealed = seal(platform.vault, done)
    row = kept.KeptSums(run=held.run.id, sealed=sealed, until=slot + days * _DAY_S)
    kept.put(session, row, Act(SERVER, "keep sums", platform.clock()))


def seal(vault: Vault, done: Performed) -> bytes:
    """The sums of every figure that can be compared, encrypted."""
    held = done.claim
    epochs = held.protocol.harness.epochs
    found = [c for c in shape.declared_cells(held.protocol) if c.kind in COMPARED]
    rows = [(score.sample, score.epoch, score.values) for score in done.scores]
    totals = metrics.aggregate(rows, shape.plan_of(held.manifest, epochs), found)
    # Above the least possible sum and in sixteen digits: the length tells nothing.
    sums = {
        cell.id: f"{int((total - cell.n * cell.lo) * epochs):016x}"
        for cell, (total,) in zip(found, totals, strict=True)
    }
    plain = {"purpose": _PURPOSE, "run": held.run.id, "epochs": epochs, "sums": sums}
    return vault.close(json.dumps(plain))


def other_totals(vault: Vault, held: Claim) -> dict[str, Fraction]:
    """The other run's sum for each paired difference, by its id; none where nothing is kept.

    Raises IntegrityError when what is kept does not open, or is another run's.
    """
    compared, named = held.compared, held.protocol.analysis.compared
    if compared is None or named is None or held.kept is None:
        return {}
    plain: dict[str, Any] = json.loads(vault.open(held.kept))
    if (plain.get("purpose"), plain.get("run")) != (_PURPOSE, compared.run):
        raise IntegrityError("kept sums are not those of the run that was named")
    own = {cell.id: cell for cell in shape.declared_cells(held.protocol)}
    found = {}
    for name in named.metrics:
        paired = cells.difference(own[name])
        above = Fraction(int(plain["sums"][name], 16), plain["epochs"])
        found[paired.id] = paired.n * paired.lo + above
    return found
