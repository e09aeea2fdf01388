"""Which run of another model a run is compared with, fixed when the run is reserved."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from harness.disclosure import bits, cells
from harness.disclosure.accountant import Caps
from harness.documents.protocol import Protocol
from harness.errors import Conflict
from harness.records import kept, protocols, runs
from harness.services import states
from harness.services.agreements import compared, shape


@dataclass(frozen=True, slots=True)
class Pairing:
    """The other run and its report, and what its model is charged, under its own caps."""

    run: str
    report: str
    model: str
    alphabet: int
    microbits: int
    caps: Caps


def chosen(session: Session, protocol: Protocol, now: float, last: float) -> Pairing | None:
    """The first released run of the other agreement that anybody can see and that is still kept.

    That is a function of what is public, of no figure; `last` is the last moment at which its sums
    are needed. Raises Conflict, with what to do, when there is none.
    """
    named = protocol.analysis.compared
    if named is None:
        return None
    other = protocols.get(session, named.agreement)
    if other is None or other.digest != named.protocol or other.state != states.Protocol.ACTIVE:
        raise Conflict(f"agreement {named.agreement}, which this one compares with, is not active")
    for run in runs.of_protocol(session, other.id):
        row = kept.get(session, run.id)
        released = run.state == states.Run.RELEASED and run.report is not None
        seen = run.visible_at is not None and run.visible_at <= now
        if released and seen and row is not None and row.until >= last and run.report is not None:
            count = cells.about_other_run(shape.declared_cells(protocol))
            return Pairing(
                run=run.id,
                report=run.report,
                model=other.model,
                alphabet=count,
                microbits=bits.microbits(count),
                caps=shape.caps_of(compared.document(session, other)),
            )
    raise Conflict(
        f"agreement {other.id} has no released run whose scores are kept until this one would be "
        "over; start a run of it first"
    )
