"""What waits for somebody now: the first thing that a page shows to who is signed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from harness.paging import Window
from harness.records import protocols
from harness.services import states
from harness.services.access import Actor, Thing, can, narrowed
from harness.services.agreements import drafts
from harness.services.platform import overview
from harness.services.platform.opening import Platform
from harness.services.publication import lists
from harness.services.publication.agreed import Agreed, agreed
from harness.services.publication.lists import Attempt, Released

_MOST: Final = 5
# A run under way is among the newest reservations, or nobody looks for it here.
_RUNS: Final = 20


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft that its author has not signed."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The newest few of each; empty where a role has nothing to do with it.

    `to_sign` are proposals that wait for this vendor, `proposed` those of this auditor that wait
    for their vendors, `agreed` protocols whose runs this auditor may start, `under_way` runs
    without an outcome yet, `stuck` how many things the operator must look at.
    """

    drafts: Sequence[Drafted] = ()
    to_sign: Sequence[Agreed] = ()
    proposed: Sequence[Agreed] = ()
    agreed: Sequence[Agreed] = ()
    under_way: Sequence[Attempt] = ()
    reports: Sequence[Released] = ()
    stuck: int = 0


def waiting(session: Session, platform: Platform, actor: Actor) -> Waiting:
    """What waits for this actor. Of runs it tells no more than the list of runs."""
    proposed = _protocols(session, actor, states.Protocol.PROPOSED)
    active = _protocols(session, actor, states.Protocol.ACTIVE)
    runs = lists.attempts(session, platform, actor, Window(_RUNS)).rows
    signs = actor.role == "vendor"
    proposes = actor.role == "auditor"
    return Waiting(
        drafts=[
            Drafted(row.id, drafts.document(row).identity.title)
            for row in drafts.listed(session, actor)[:_MOST]
        ],
        to_sign=proposed if signs else (),
        proposed=proposed if proposes else (),
        agreed=active if proposes else (),
        under_way=[run for run in runs if run.seen.outcome == "PENDING"][:_MOST],
        reports=lists.reports(session, platform, actor, Window(_MOST)).rows,
        stuck=_stuck(session, platform, actor),
    )


def _protocols(session: Session, actor: Actor, state: str) -> list[Agreed]:
    own = narrowed(actor, "protocol")
    if not own:
        # Those who see every protocol have none of their own to act on.
        return []
    rows = protocols.newest_in(session, own, state, _MOST)
    known = agreed(session, {row.id for row in rows}) if rows else {}
    return [known[row.id] for row in rows]


def _stuck(session: Session, platform: Platform, actor: Actor) -> int:
    if not can(actor, "read", Thing("platform")):
        return 0
    return len(overview.stuck(session, platform, actor))
