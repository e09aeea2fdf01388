"""Writing a report: every word of it comes from protocol, log and levels."""

from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from harness.disclosure import bits, figures, preview, privacy
from harness.disclosure.accountant import Spent
from harness.disclosure.cells import Kind
from harness.disclosure.gate import Released
from harness.documents import canonical
from harness.documents.protocol import Protocol
from harness.records import log, runs
from harness.services import states
from harness.services.agreements import shape
from harness.services.platform import outbox
from harness.services.runs.perform import Performed

# What this version checks in every run, and what it does not: printed on every report.
_VERIFIED = (
    ("suite and image", "attested", "digests compared before the start"),
    ("isolation", "attested", "self-test of this image on this host"),
    ("release", "attested", "levels on the declared grids; the alphabet was charged beforehand"),
    ("budget and parameters", "attested", "enforced by the gateway from the signed protocol"),
    ("model identity", "asserted", "by the vendor; no canary probes in this version"),
    ("prompts at the vendor", "not covered", "the vendor's endpoint sees the prompts"),
    ("the operator", "not covered", "what a colluding operator could do"),
)

# What the phases of a run and its scorer's mode are worth.
_KEYS = {
    "joined": ("not covered", "phases joined: the suite's runner holds prompts and keys"),
    "separate": ("attested", "no container had both the keys and a way to the model"),
}
_OUTPUTS = {
    "declarative": ("attested", "no code of the suite saw an output"),
    "isolated": ("attested", "the suite's code saw each in a fresh process that keeps nothing"),
}


def verified(protocol: Protocol) -> list[dict[str, str]]:
    """What was checked in a run under this protocol, and what was not."""
    meeting = shape.meeting(protocol)
    cells, policy = shape.declared_cells(protocol), shape.policy_of(protocol)
    noise = () if policy.privacy is None else privacy.words(cells, policy.privacy)
    rows: tuple[tuple[str, str, str], ...] = (
        *_VERIFIED,
        ("answer keys", *_KEYS[protocol.harness.phases]),
        ("outputs", *_OUTPUTS[protocol.harness.scorer_mode]),
        (
            "a single output",
            "not covered" if meeting else "attested",
            preview.of_one_output(cells, policy, meeting),
        ),
        *(("noise", "attested", words) for words in noise),
    )
    named = protocol.analysis.compared
    if named is not None:
        note = (
            f"the first released one of {named.model} that was kept, by {named.vendor}, over the "
            "same suite; differences are charged to both models"
        )
        rows = (*rows, ("the compared run", "attested", note))
    return [{"what": what, "status": status, "note": note} for what, status, note in rows]


def attempts(session: Session, protocol: str, ordinal: int) -> list[dict[str, Any]]:
    """The attempt line, as the log says it at this moment; `ordinal` is the run being released.

    Made in the transaction that appends the report, so that log and report cannot differ.
    """
    endings = (
        *log.find(session, "run-end", protocol=protocol),
        *log.find(session, "run-refund", protocol=protocol),
    )
    ended = {item.run for item in endings if item.index is not None}
    started = {
        item.run
        for item in log.find(session, "run-start", protocol=protocol)
        if item.index is not None
    }
    line = []
    for run in runs.of_protocol(session, protocol):
        if run.id not in started:
            continue
        outcome = states.public_outcome(run.state) if run.id in ended else "PENDING"
        line.append(
            {"ordinal": run.ordinal, "outcome": "RELEASED" if run.ordinal == ordinal else outcome}
        )
    return line


def report(
    done: Performed,
    released: Released,
    line: list[dict[str, Any]],
    spent: Spent,
    released_at: float,
) -> bytes:
    """The report document's canonical bytes. `spent` includes this run's own charge."""
    protocol, run = done.claim.protocol, done.claim.run
    agreed = protocol.disclosure.differential_privacy
    metrics = [
        figures.figure(cell, level, protocol.harness.epochs, noised=agreed is not None)
        for cell, level in zip(released.cells, released.levels, strict=True)
    ]
    value = {
        "schema": "assay.report/1",
        "protocol": done.claim.protocol_row.digest,
        "run": {
            "id": run.id,
            "ordinal": run.ordinal,
            "of": protocol.budget.runs,
            "attempt_line": line,
        },
        "suite": protocol.suite.digest,
        "image": protocol.suite.image,
        "model": {
            "vendor": protocol.parties.vendor.organisation,
            "model": protocol.system.model,
            "snapshot": protocol.system.snapshot,
        },
        "claim": {"sentence": protocol.claim.sentence, "verdict": verdict(protocol, released)},
        "metrics": metrics,
        "compared": compared(done),
        "completeness": released.completeness,
        "disclosure": {
            "alphabet": run.alphabet,
            "bits": bits.text(run.microbits),
            "pair_total_bits": bits.text(spent.pair),
            "pair_cap_bits": bits.text(protocol.disclosure.ledger.pair * bits.MICRO),
            **({} if agreed is None else {"differential_privacy": agreed.model_dump(mode="json")}),
        },
        "verified": verified(protocol),
        "selftest": done.selftest,
        "deviations": [],
        "scorer_mode": protocol.harness.scorer_mode,
        "phases": protocol.harness.phases,
        "released_at": outbox.timestamp(released_at),
        "grant": done.agreed_digest,
    }
    return canonical.dumps(value)


def compared(done: Performed) -> dict[str, str] | None:
    """The run that differences are to, as the run-start names it."""
    named, run = done.claim.protocol.analysis.compared, done.claim.compared
    if named is None or run is None:
        return None
    return {"vendor": named.vendor, "model": named.model, "run": run.run, "report": run.report}


def verdict(protocol: Protocol, released: Released) -> str:
    """Whether the claim is met: from the shown figure of the deciding metric alone."""
    decision = protocol.claim.decision
    if decision is None:
        return "none"
    for cell, level in zip(released.cells, released.levels, strict=True):
        if cell.id == decision.metric and cell.kind is not Kind.HISTOGRAM:
            distance = Decimal(figures.shown_sum(cell, level[0])) - Decimal(decision.threshold)
            if abs(distance) < Decimal(decision.margin):
                return "inconclusive"
            return "met" if distance >= 0 else "not met"
    return "none"
