"""What an auditor can reach of one run: its outcome, when that is seen, and the report's bytes.

A function of the claim, of what the sandbox handed over and of the time; everything is judged by
the functions that judge it in production. `whole` carries the same through the database.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.disclosure.accountant import Spent
from harness.disclosure.errors import Refused
from harness.documents.fields import instant
from harness.records import runs
from harness.services import states
from harness.services.release import build, execute
from harness.services.runs import compile as compiling
from harness.services.runs import finish, perform, timing
from harness.services.runs.claim import Claim
from sandbox.spec import Ending, ModelGrant
from tests.hostile.game.wall import Ran

SELFTEST = "sha256:" + "5e" * 32


@dataclass(frozen=True)
class Start:
    """A run that starts at a moment: its claim, what the gateway enforces, and digests of that."""

    held: Claim
    at: float
    grant: ModelGrant
    agreed: str
    exact: str


def start(held: Claim, at: float) -> Start:
    """A claimed run that starts then."""
    grant = perform.grant_at(held, at)
    agreed, exact = compiling.agreed_digest(grant), compiling.grant_digest(grant)
    return Start(held, at, grant, agreed, exact)


def view(begun: Start, ran: Ran) -> bytes:
    """Everything, as canonical bytes."""
    held, run = begun.held, begun.held.run
    if ran.result.ending is Ending.COMPLETE:
        done = performed(begun, ran)
        try:
            released = execute.judge(done)
            slot = execute.slot_of(done)
        except Refused:
            return _told("FAILED", finish._seen_at(run, ran.at), None)
        body = build.report(done, released, _line(run), _spent(held), slot)
        return _told("RELEASED", slot, body)
    over = instant(held.protocol.budget.window.end).timestamp()
    state = perform.state_after(ran.result, window_over=ran.at >= over)
    refunded = state in states.REFUNDED_RUNS
    seen = ran.at if refunded else finish._seen_at(run, ran.at)
    return _told(states.public_outcome(state), seen, None)


def performed(begun: Start, ran: Ran) -> perform.Performed:
    """The run as it waits for the gate."""
    assert ran.result.receipt is not None
    run = begun.held.run
    return perform.Performed(
        claim=begun.held,
        lease=None,
        agreed_digest=begun.agreed,
        grant_digest=begun.exact,
        selftest=SELFTEST,
        scores=ran.result.scores,
        receipt=ran.result.receipt,
        slot=timing.visible_at(ran.at, run.slot_at, run.grid_s),
    )


def outcome(seen: bytes) -> str:
    """The outcome of a view."""
    return json.loads(seen)["outcome"]


def report(seen: bytes) -> dict | None:
    """The report of a view, if there is one."""
    body = json.loads(seen)["report"]
    return None if body is None else json.loads(body)


def levels(seen: bytes) -> tuple[int, ...]:
    """All levels of a released report, in order; none of a failed one."""
    told = report(seen)
    if told is None:
        return ()
    return tuple(
        level
        for figure in told["metrics"]
        for level in (figure["levels"] if "levels" in figure else [figure["level"]])
    )


def _told(outcome: str, at: float, body: bytes | None) -> bytes:
    # To the microsecond: whoever polls sees the moment and not only its second.
    seen = datetime.fromtimestamp(at, UTC).isoformat()
    text = None if body is None else body.decode()
    return json.dumps({"outcome": outcome, "seen_at": seen, "report": text}).encode()


def _line(run: runs.Run) -> list[dict[str, object]]:
    return [{"ordinal": run.ordinal, "outcome": "RELEASED"}]


def _spent(held: Claim) -> Spent:
    bits = held.run.microbits
    return Spent(bits, bits, bits)
