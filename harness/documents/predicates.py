"""Predicates: what each kind of statement says, beside the digests it is about."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from harness.documents.fields import (
    Alphabet,
    Amount,
    Bits,
    Count,
    Digest,
    Instant,
    Integer,
    Line,
    Name,
    Names,
    Part,
    Positive,
    RunId,
    doc,
)

Role: TypeAlias = Literal["auditor", "vendor"]
Ending: TypeAlias = Literal["RELEASED", "FAILED"]
Outcome: TypeAlias = Literal["RELEASED", "FAILED", "REFUNDED", "PENDING"]


class Predicate(Part):
    """What all statements carry.

    The random `nonce` (at least 128 bits, hexadecimal) keeps the digest of a withheld statement
    from being guessed. `prev` is the digest of the statement that this one follows.
    """

    schema_: Annotated[str, Field(alias="schema")]
    issued_at: Annotated[Instant, Field(alias="issuedAt")]
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32,64}$")]
    prev: Digest | None


class SubmittedMetric(Part):
    """A score that the suite gives each sample."""

    id: Name
    lo: Integer
    hi: Integer
    labels: Names


class SuiteSubmission(Predicate):
    """An auditor submits a suite. Signed by the auditor."""

    organisation: Line
    id: Name
    version: Line
    samples: Positive
    metrics: Annotated[tuple[SubmittedMetric, ...], Field(min_length=1, max_length=64)]
    contact: Line


class ProtocolProposal(Predicate):
    """A party proposes these bytes as the agreement. Signed by the proposer."""

    organisation: Line
    role: Role
    parent: Digest | None


class ProtocolApproval(Predicate):
    """A party agrees to these bytes. Signed by each party separately."""

    organisation: Line
    role: Role
    decision: Literal["approve"]
    valid_until: Instant


class ApprovalInLog(Part):
    """Where in the log one approval stands; `statement` is its PAE digest."""

    organisation: Line
    role: Role
    statement: Digest
    index: Count


class ProtocolActivation(Predicate):
    """All approvals are logged. Signed by the server."""

    approvals: Annotated[tuple[ApprovalInLog, ...], Field(min_length=2, max_length=16)]


class Compared(Part):
    """The released run of another model that a run is compared with, by run and report.

    `alphabet` is how many reports its outputs can bring about; that is charged to its model.
    """

    run: RunId
    report: Digest
    alphabet: Alphabet


class RunStart(Predicate):
    """A run slot is reserved and its bits are charged. Signed by the server.

    `ordinal` counts all slots of the protocol from 1, `of` is the agreed maximum of unrefunded
    ones. `due` is when the run has an ending at the latest, `slot` when its report appears,
    null when that is on completion. `compared` is null where the protocol compares with nothing.
    Where noise is agreed, `epsilon` is charged for each record; elsewhere there is no such field.
    """

    protocol: Digest
    activation_index: Count
    run: RunId
    ordinal: Positive
    of: Positive
    suite: Digest
    image: Digest
    harness: Line
    due: Instant
    slot: Instant | None
    alphabet: Alphabet
    bits: Bits
    compared: Compared | None
    epsilon: Amount | None = None


class RunEnd(Predicate):
    """A run has ended. Signed by the server; holds nothing that a suite can choose."""

    run: RunId
    ordinal: Positive
    outcome: Ending


class RunReceipt(Predicate):
    """What a run used, for vendor and operator only. Signed by the server, withheld.

    `category` is the run's detailed ending, tokens and calls are counts, cost is micro-USD.
    """

    run: RunId
    ordinal: Positive
    category: Annotated[str, Field(pattern=r"^[A-Z][A-Z_]{0,31}$")]
    grant: Digest | None
    requests: Count
    attempts: Count
    retries: Count
    replies: Count
    vendor_errors: Count
    denied: Count
    tokens_in: Count
    tokens_out: Count
    cost_microusd: Count


class RunRefund(Predicate):
    """A slot and its bits are given back: nothing of the target's reached the guest."""

    run: RunId
    ordinal: Positive
    bits: Bits


class Attempt(Part):
    """How one slot of a protocol ended."""

    ordinal: Annotated[Positive, doc("Number of the slot, from 1")]
    outcome: Annotated[Outcome, doc("PENDING when it has no ending yet")]


class Report(Predicate):
    """A report is released. Signed by the server; lists every slot so far."""

    protocol: Digest
    activation_index: Count
    run: RunId
    ordinal: Positive
    attempts: Annotated[tuple[Attempt, ...], Field(min_length=1, max_length=10_000)]


class LogRestore(Predicate):
    """The server was restored from a backup. Signed by the server.

    It goes on from the checkpoint that it is about, with `size` entries (the digest of nothing
    when there were none); entries that readers saw after it are lost.
    """

    size: Count
    made_at: Instant
