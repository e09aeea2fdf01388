"""Checks of the runs: nothing happened out of order, and none of them is left out.

Each check takes the chain, returns a short finding and raises TlogError when it fails.
"""

from dataclasses import dataclass
from itertools import pairwise

from harness.tlog.bundle import Kind
from harness.tlog.chain import Chain, Logged
from harness.tlog.errors import CheckError
from harness.tlog.reader import Node

RELEASED, FAILED, REFUNDED, PENDING = "RELEASED", "FAILED", "REFUNDED", "PENDING"
_MAX_RUNS = 100_000
# The gate refunds a slot at most twice.
_REFUNDS_PER_RUN = 2


@dataclass(slots=True)
class _Run:
    start: Logged
    ordinal: int
    end: Logged | None = None
    outcome: str = PENDING


def order(chain: Chain) -> str:
    """Check proposal < approvals < activation < run-start < run-end < report, by log index."""
    if any(a.index >= b.index for a, b in pairwise(chain.bundle.entries)):
        raise CheckError("the entries are not in log order")
    proposal, active = chain.one(Kind.PROPOSAL), chain.one(Kind.ACTIVATION)
    for approval in chain.all_of(Kind.APPROVAL):
        _before(proposal, approval, "an approval came before the proposal")
        _before(approval, active, "an approval came after the activation")
    runs = _runs(chain)
    for run in runs.values():
        _before(active, run.start, "a run-start came before the activation")
        if run.end:
            _before(run.start, run.end, "a run ended before it started")
    report = chain.report_statement
    for published in chain.all_of(Kind.REPORT):
        end = _run_of(published, runs).end
        if end:
            _before(end, published, "a report came before its run's end")
    if chain.bundle.entries[-1].index != report.index:
        raise CheckError("the bundle goes on after the report")
    _follow(chain)
    return f"log index {proposal.index} to {report.index}"


def ordinals(chain: Chain) -> str:
    """Check that all attempts are there, each with one ending, and the report lists them all."""
    runs = _runs(chain)
    maximum = chain.protocol["budget"]["runs"].integer(1, _MAX_RUNS)
    _count(runs, maximum)
    line = [(run.ordinal, run.outcome) for run in runs.values()]
    published = chain.report_statement
    document = chain.report["run"]
    if _attempts(published.predicate["attempts"]) != line:
        raise CheckError("the report's statement lists other attempts than the log")
    if _attempts(document["attempt_line"]) != line:
        raise CheckError("the report lists other attempts than the log")
    own = _run_of(published, runs)
    if document["id"].text() != own.start.predicate["run"].text():
        raise CheckError("the report is about another run than its statement")
    if document["ordinal"].integer() != own.ordinal or document["of"].integer() != maximum:
        raise CheckError("the report counts its attempt wrongly")
    seen = [_run_of(logged, runs).ordinal for logged in chain.all_of(Kind.REPORT)]
    if len(seen) != len(set(seen)):
        raise CheckError("one run has two reports")
    if any(runs[ordinal].outcome != RELEASED for ordinal in seen):
        raise CheckError("a report stands for a run that did not end as RELEASED")
    return f"attempt {own.ordinal} of at most {maximum}, {len(line)} listed"


def _runs(chain: Chain) -> dict[int, _Run]:
    # Every run by its ordinal, in log order, with its one ending.
    runs: dict[int, _Run] = {}
    ids: dict[str, int] = {}
    for start in chain.all_of(Kind.RUN_START):
        ordinal = start.predicate["ordinal"].integer(1, _MAX_RUNS)
        if ordinal != len(runs) + 1:
            raise CheckError("the ordinals of the runs have a gap or go back")
        runs[ordinal] = _Run(start, ordinal)
        if ids.setdefault(start.predicate["run"].text(), ordinal) != ordinal:
            raise CheckError("two runs have one name")
    for logged in chain.statements:
        if logged.kind not in {Kind.RUN_END, Kind.RUN_REFUND}:
            continue
        run = _run_of(logged, runs)
        if run.end is not None:
            raise CheckError("a run ended twice")
        run.end, run.outcome = logged, _outcome(logged)
    return runs


def _run_of(logged: Logged, runs: dict[int, _Run]) -> _Run:
    run = runs.get(logged.predicate["ordinal"].integer(1, _MAX_RUNS))
    if run is None or run.start.predicate["run"].text() != logged.predicate["run"].text():
        raise CheckError(f"a {logged.kind} belongs to no run of the bundle")
    return run


def _outcome(logged: Logged) -> str:
    if logged.kind is Kind.RUN_REFUND:
        return REFUNDED
    outcome = logged.predicate["outcome"].text()
    if outcome not in {RELEASED, FAILED}:
        raise CheckError("a run ended neither as RELEASED nor as FAILED")
    return outcome


def _count(runs: dict[int, _Run], maximum: int) -> None:
    refunds = [run.end for run in runs.values() if run.end and run.outcome == REFUNDED]
    for run in runs.values():
        if run.start.predicate["of"].integer() != maximum:
            raise CheckError("a run-start names another maximum than the protocol")
        earlier = sum(end.index < run.start.index for end in refunds)
        if run.ordinal - earlier > maximum:
            raise CheckError("more runs were started than the protocol allows")
    if len(refunds) > _REFUNDS_PER_RUN * maximum:
        raise CheckError("more runs were refunded than the protocol allows")


def _attempts(node: Node) -> list[tuple[int, str]]:
    return [
        (item["ordinal"].integer(), item["outcome"].text())
        for item in (item.exactly("ordinal", "outcome") for item in node.items())
    ]


def _follow(chain: Chain) -> None:
    # `prev` may point to a statement the bundle does not hold, but never forward.
    places = {logged.statement.digest: logged.index for logged in chain.statements}
    for logged in chain.statements:
        previous = places.get(logged.statement.prev or "")
        if previous is not None and previous >= logged.index:
            raise CheckError("a statement follows one that came after it")


def _before(first: Logged, second: Logged, otherwise: str) -> None:
    if first.index >= second.index:
        raise CheckError(otherwise)
