"""Starting a run from a page: the run that a person saw announced, and no other."""

from sqlalchemy.orm import Session

from harness.errors import Conflict
from harness.records import runs
from harness.services.access import Actor, Thing, reach
from harness.services.agreements import agree
from harness.services.platform.opening import Platform
from harness.services.runs import reserve


def launch(
    session: Session, platform: Platform, actor: Actor, protocol_id: str, ordinal: int
) -> runs.Run:
    """Reserve the run with this ordinal; asked again, as by a second click, the same run.

    Raises as `reserve` does, and Conflict when this is not the next run.
    """
    row = agree.find(session, actor, protocol_id)
    reach(actor, "start", Thing("run", auditor=row.auditor, vendor=row.vendor), f"of {row.id}")
    earlier = runs.of_protocol(session, row.id)
    if 1 <= ordinal <= len(earlier):
        return earlier[ordinal - 1]
    if ordinal != len(earlier) + 1:
        raise Conflict(f"the next run of protocol {row.id} is number {len(earlier) + 1}")
    return reserve.reserve(session, platform, actor, protocol_id)
