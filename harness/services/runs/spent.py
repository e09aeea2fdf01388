"""What has been spent about a model in the last 365 days, as those who may look see it.

An auditor sees its own ledgers and the sum over everybody, which is what a launch is refused by;
the model's vendor and the operator see whose reports it was spent on.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from harness.disclosure import accountant, bits, privacy
from harness.disclosure.accountant import Caps, Line
from harness.errors import IntegrityError, NotFound
from harness.records import parties
from harness.services.access import Actor, Thing, check, reach
from harness.services.platform.opening import Platform
from harness.services.runs.reserve import entries

_CAPS: Final = Caps()


@dataclass(frozen=True, slots=True)
class Spent:
    """One ledger, in bits as text, against the usual cap; an agreement may sign another.

    The ledger `epsilon`, of one auditor, is in epsilon for each record; it is there where reports
    with noise were charged.
    `frees_at` is when its oldest charge leaves the window, in seconds since the epoch, None for
    one in which nothing stands.
    """

    ledger: str
    holder: str
    spent: str
    cap: int
    left: str
    frees_at: int | None


def about(session: Session, platform: Platform, actor: Actor, model: str) -> tuple[Spent, ...]:
    """The ledgers of one model that the actor may see. Raises NotFound or NotAllowed."""
    row = parties.model(session, model)
    check(actor, "read", Thing("model"))
    if row is None:
        raise NotFound(f"no model named {model}; see `assay model list`")
    own = actor.organisation if actor.role == "auditor" else None
    reach(actor, "read", Thing("ledger", auditor=own, vendor=row.vendor), f"of {model}")
    found = accountant.lines(entries(session, model), int(platform.clock()))
    if own is None:
        return tuple(map(_shown, found))
    organisation = parties.organisation(session, own)
    if organisation is None:
        raise IntegrityError("the auditor is not registered")
    holders = {"model": "", "owner_group": organisation.owner_group, "pair": own}
    known = {(line.ledger, line.holder): line for line in found}
    noised = [_shown(line) for key, line in known.items() if key == ("epsilon", own)]
    return tuple(
        _shown(known[key]) if (key := (ledger, holder)) in known else _shown_empty(*key)
        for ledger, holder in holders.items()
    ) + tuple(noised)


def _shown(line: Line) -> Spent:
    if line.ledger == "epsilon":
        of_cap = privacy.micro_text(max(accountant.EPSILON_CAP - line.microbits, 0))
        spent, cap = privacy.micro_text(line.microbits), accountant.EPSILON_CAP // bits.MICRO
        return Spent(line.ledger, line.holder, spent, cap, of_cap, line.frees_at)
    cap = getattr(_CAPS, line.ledger)
    left = max(cap * bits.MICRO - line.microbits, 0)
    spent = bits.text(line.microbits)
    return Spent(line.ledger, line.holder, spent, cap, bits.text(left), line.frees_at)


def _shown_empty(ledger: str, holder: str) -> Spent:
    cap: int = getattr(_CAPS, ledger)
    return Spent(ledger, holder, bits.text(0), cap, bits.text(cap * bits.MICRO), None)
