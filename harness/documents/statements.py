"""Statements: in-toto Statement v1 payloads about digests, one predicate type per kind.

A payload is made once, signed as those bytes and kept; reading is strict, and the meaning of a
statement never depends on how it would be encoded again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from harness.documents import canonical, predicates, problems
from harness.documents.fields import Part

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"

_PROTOCOL: Final = frozenset({"protocol"})

# Kind of statement: its predicate, and the names of the digests it must be about.
KINDS: Final[Mapping[str, tuple[type[predicates.Predicate], frozenset[str]]]] = {
    "suite-submission": (predicates.SuiteSubmission, frozenset({"suite"})),
    "protocol-proposal": (predicates.ProtocolProposal, _PROTOCOL),
    "protocol-approval": (predicates.ProtocolApproval, _PROTOCOL),
    "protocol-activation": (predicates.ProtocolActivation, _PROTOCOL),
    "run-start": (predicates.RunStart, frozenset({"protocol", "suite"})),
    "run-end": (predicates.RunEnd, _PROTOCOL),
    "run-receipt": (predicates.RunReceipt, _PROTOCOL),
    "run-refund": (predicates.RunRefund, _PROTOCOL),
    "report": (predicates.Report, frozenset({"report"})),
    "log-restore": (predicates.LogRestore, frozenset({"checkpoint"})),
}


class StatementError(ValueError):
    """Bytes or values are not a statement of the expected kind."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that was read: its kind, its subjects (name to digest) and its predicate."""

    kind: str
    subjects: Mapping[str, str]
    predicate: predicates.Predicate


class _Digest(Part):
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Subject(Part):
    name: Annotated[str, Field(pattern=r"^[a-z]{1,32}$")]
    digest: _Digest


class _Shell(Part):
    type_: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")]
    subject: Annotated[tuple[_Subject, ...], Field(min_length=1, max_length=8)]
    predicate_type: Annotated[str, Field(alias="predicateType", max_length=100)]
    predicate: dict[str, object]


def predicate_type(kind: str) -> str:
    """URI that names a kind of predicate (RFC 4151 tag)."""
    return f"tag:assay,2026:predicate/{kind}/v1"


def schema(kind: str) -> str:
    """Version of a predicate's schema, its field `schema`."""
    return f"assay.{kind}/1"


def statement(
    kind: str,
    subjects: Mapping[str, str],
    predicate: Mapping[str, object],
    *,
    issued_at: str,
    nonce: str,
    prev: str | None,
) -> bytes:
    """Make the payload to sign.

    `subjects` maps names to `sha256:` digests; `predicate` holds the kind's own fields, without
    the four that every predicate has. Raises StatementError when any of it does not fit the kind.
    """
    common = {"schema": schema(kind), "issuedAt": issued_at, "nonce": nonce, "prev": prev}
    if not common.keys().isdisjoint(predicate):
        raise StatementError("the predicate's common fields are arguments of their own")
    value = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}
            for name, digest in sorted(subjects.items())
        ],
        "predicateType": predicate_type(kind),
        "predicate": {**common, **predicate},
    }
    try:
        payload = canonical.dumps(value)
    except canonical.CanonicalError as error:
        raise StatementError(f"statement: {error}") from None
    if parse(payload, kind).subjects != dict(subjects):
        raise StatementError("a subject is not a digest of the form sha256:...")
    return payload


def parse(payload: bytes, kind: str) -> Statement:
    """Read a payload that must be a statement of `kind`. Raises StatementError."""
    if kind not in KINDS:
        raise StatementError("no such kind of statement")
    model, names = KINDS[kind]
    try:
        shell = problems.read(_Shell, payload)
        if shell.predicate_type != predicate_type(kind):
            raise StatementError("the statement is of another kind")
        predicate = problems.read(model, canonical.dumps(shell.predicate))
    except problems.DocumentInvalid as error:
        raise StatementError(f"{kind}: {error}") from None
    if predicate.schema_ != schema(kind):
        raise StatementError("the statement's schema is not known")
    subjects = {subject.name: f"sha256:{subject.digest.sha256}" for subject in shell.subject}
    if subjects.keys() != names or len(shell.subject) != len(names):
        raise StatementError("the statement is about something else than its kind says")
    return Statement(kind, subjects, predicate)
