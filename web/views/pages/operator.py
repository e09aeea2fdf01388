"""How the service does, for the operator: findings, runs, what is stuck, self-tests, the trail."""

from typing import Final

from fastapi import Request, Response

from harness.services.access import Thing, check
from harness.services.platform import doctor, overview, selftests
from web.auth import Visitor
from web.branch import Branch
from web.dependencies import AtDesk
from web.rendering import render
from web.wording import duration

router = Branch(prefix="/operator")

_PLATFORM: Final = Thing("platform")
# What a part that is down means for the parties; everything else has its remedy beside it.
_CONSEQUENCES: Final = {
    "broker": "The broker takes no messages. Runs wait, and nothing is lost: a run is a row of the "
    "database, a message only wakes a worker, and it is sent again when the broker is back.",
    "engine": "The container engine does not answer. Runs that have not started wait for it.",
    "workers": "No worker is alive. Runs wait; one that has not started by its deadline expires, "
    "and its bits are given back.",
}


@router.get("/health")
def read_health(request: Request, at: AtDesk, visitor: Visitor) -> Response:
    """Everything that an operator looks at first. Takes seconds when parts are down."""
    check(visitor.actor, "read", _PLATFORM)
    findings = doctor.examine_open(at.platform)
    with at.platform.database.read() as session:
        seen = overview.overview(session, at.platform, visitor.actor)
    now = at.platform.clock()
    waiting = None if seen.oldest_waiting is None else duration(now - seen.oldest_waiting)
    return render(
        request,
        "operator_health.html",
        findings=findings,
        wrong=sum(not finding.ok for finding in findings),
        consequences=[
            _CONSEQUENCES[finding.name]
            for finding in findings
            if not finding.ok and finding.name in _CONSEQUENCES
        ],
        seen=seen,
        waiting=waiting,
        ages={tally.state: duration(now - tally.oldest) for tally in seen.runs},
        root=at.platform.trust_root_digest,
        origin=at.platform.settings.log_origin,
    )


@router.get("/selftests")
def read_selftests(request: Request, at: AtDesk, visitor: Visitor) -> Response:
    """What isolation held on each host, probe by probe."""
    with at.platform.database.read() as session:
        found = selftests.remembered(session, visitor.actor)
    return render(request, "operator_selftests.html", found=found)
