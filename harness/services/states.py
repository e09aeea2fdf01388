"""The two state machines, one table each: who may move what, and how it ends for a reader.

`docs/states.md` is generated from these tables; a test holds it in step.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Protocol(StrEnum):
    """States of an agreement."""

    DRAFT = "DRAFT"
    PROPOSED = "PROPOSED"
    RETURNED = "RETURNED"
    AGREED = "AGREED"
    REGISTERED = "REGISTERED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"
    CHECK = "CHECK"
    EMBARGOED = "EMBARGOED"
    PUBLISHED = "PUBLISHED"
    DECLINED = "DECLINED"
    LAPSED = "LAPSED"
    WITHDRAWN = "WITHDRAWN"
    TERMINATED = "TERMINATED"


class Run(StrEnum):
    """States of a run slot."""

    RESERVED = "RESERVED"
    QUEUED = "QUEUED"
    PREFLIGHT = "PREFLIGHT"
    RUNNING = "RUNNING"
    RECONCILING = "RECONCILING"
    RELEASED = "RELEASED"
    FAILED = "FAILED"
    INVALID_INFRA = "INVALID_INFRA"
    INVALID_SUITE = "INVALID_SUITE"
    OVER_BUDGET = "OVER_BUDGET"
    DRIFT = "DRIFT"
    ABORTED = "ABORTED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Step:
    """`owners` are roles of parties, or `server`."""

    before: str
    after: str
    action: str
    owners: frozenset[str]


def _step(before: str, after: str, action: str, *owners: str) -> Step:
    return Step(before, after, action, frozenset(owners))


P, R = Protocol, Run

PROTOCOL_STEPS: Final = (
    _step(P.DRAFT, P.PROPOSED, "propose", "auditor"),
    _step(P.PROPOSED, P.RETURNED, "return", "vendor"),
    _step(P.RETURNED, P.PROPOSED, "propose again", "auditor"),
    _step(P.PROPOSED, P.AGREED, "sign", "vendor"),
    _step(P.PROPOSED, P.DECLINED, "decline", "vendor"),
    _step(P.PROPOSED, P.WITHDRAWN, "withdraw", "auditor"),
    _step(P.RETURNED, P.WITHDRAWN, "withdraw", "auditor"),
    _step(P.PROPOSED, P.LAPSED, "lapse", "server"),
    _step(P.RETURNED, P.LAPSED, "lapse", "server"),
    _step(P.AGREED, P.LAPSED, "lapse", "server"),
    _step(P.REGISTERED, P.LAPSED, "lapse", "server"),
    _step(P.AGREED, P.REGISTERED, "register", "server"),
    _step(P.AGREED, P.TERMINATED, "terminate", "auditor", "vendor"),
    _step(P.REGISTERED, P.ACTIVE, "open", "server"),
    _step(P.REGISTERED, P.TERMINATED, "terminate", "auditor", "vendor"),
    _step(P.ACTIVE, P.SUSPENDED, "suspend", "auditor", "vendor", "operator"),
    _step(P.SUSPENDED, P.ACTIVE, "resume", "auditor", "vendor", "operator"),
    _step(P.SUSPENDED, P.TERMINATED, "terminate", "auditor", "vendor", "server"),
    _step(P.ACTIVE, P.CLOSED, "close", "server", "auditor"),
    _step(P.CLOSED, P.CHECK, "check", "server"),
    _step(P.CHECK, P.EMBARGOED, "embargo", "server"),
    _step(P.EMBARGOED, P.PUBLISHED, "publish", "server"),
)

RUN_STEPS: Final = (
    _step(R.RESERVED, R.QUEUED, "queue once logged", "server"),
    _step(R.RESERVED, R.EXPIRED, "expire", "server"),
    _step(R.RESERVED, R.ABORTED, "stop", "auditor", "vendor", "operator"),
    _step(R.QUEUED, R.PREFLIGHT, "claim", "server"),
    _step(R.QUEUED, R.EXPIRED, "expire", "server"),
    _step(R.QUEUED, R.ABORTED, "stop", "auditor", "vendor", "operator"),
    _step(R.PREFLIGHT, R.RUNNING, "open the gateway", "server"),
    _step(R.PREFLIGHT, R.QUEUED, "wait for the platform", "server"),
    _step(R.PREFLIGHT, R.INVALID_INFRA, "give up", "server"),
    _step(R.PREFLIGHT, R.ABORTED, "stop", "auditor", "vendor", "operator"),
    _step(R.RUNNING, R.RECONCILING, "scores complete", "server"),
    _step(R.RUNNING, R.FAILED, "fail", "server"),
    _step(R.RUNNING, R.INVALID_INFRA, "fail before any reply", "server"),
    _step(R.RUNNING, R.INVALID_SUITE, "refuse the suite", "server"),
    _step(R.RUNNING, R.OVER_BUDGET, "exhaust the budget", "server"),
    _step(R.RUNNING, R.DRIFT, "detect another model", "server"),
    _step(R.RUNNING, R.ABORTED, "stop", "auditor", "vendor", "operator"),
    _step(R.RECONCILING, R.RELEASED, "release", "server"),
    _step(R.RECONCILING, R.FAILED, "fail", "server"),
)

TERMINAL_RUNS: Final = frozenset(
    {
        R.RELEASED,
        R.FAILED,
        R.INVALID_INFRA,
        R.INVALID_SUITE,
        R.OVER_BUDGET,
        R.DRIFT,
        R.ABORTED,
        R.EXPIRED,
    }
)
# The slot and its bits come back: nothing of the model's has reached the guest.
REFUNDED_RUNS: Final = frozenset({R.INVALID_INFRA, R.EXPIRED})
LEASED_RUNS: Final = frozenset({R.PREFLIGHT, R.RUNNING, R.RECONCILING})


def protocol_step(before: str, action: str, owner: str) -> str | None:
    """State after an owner's action, or None when the table has no such step."""
    return _after(PROTOCOL_STEPS, before, action, owner)


def run_step(before: str, action: str, owner: str) -> str | None:
    """State after an owner's action, or None when the table has no such step."""
    return _after(RUN_STEPS, before, action, owner)


def may_move(before: str, after: str) -> bool:
    """Whether the table knows a step between two run states."""
    return any(step.before == before and step.after == after for step in RUN_STEPS)


def _after(steps: tuple[Step, ...], before: str, action: str, owner: str) -> str | None:
    for step in steps:
        if step.before == before and step.action == action and owner in step.owners:
            return step.after
    return None


def public_outcome(state: str) -> str:
    """What log, report and auditor call a run's state: four words, no category."""
    if state == Run.RELEASED:
        return "RELEASED"
    if state in REFUNDED_RUNS:
        return "REFUNDED"
    return "FAILED" if state in TERMINAL_RUNS else "PENDING"


def diagram() -> str:
    """`docs/states.md`: both machines as Mermaid diagrams."""
    lines = ["# States", "", "Generated from `harness/services/states.py`; do not edit.", ""]
    for title, steps in (("Protocol", PROTOCOL_STEPS), ("Run", RUN_STEPS)):
        lines += [f"## {title}", "", "```mermaid", "stateDiagram-v2"]
        lines += [
            f"    {step.before} --> {step.after}: {step.action} ({', '.join(sorted(step.owners))})"
            for step in steps
        ]
        lines += ["```", ""]
    return "\n".join(lines)
