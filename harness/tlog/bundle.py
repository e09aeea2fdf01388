"""The bundle: everything needed to check one report, in one file.

    schema      assay.bundle/1
    trust_root  the trust root's bytes
    checkpoint  the log's signed head, as text
    entries     of the protocol, in log order, up to the report: its proposal, approvals and
                activation, every run-start, run-end and run-refund, every report
    documents   the bytes of protocol and report

Canonical JSON (RFC 8785); bytes are base64. A bundle has exactly one encoding, so no byte of
it can change without a check noticing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.tlog import reader
from harness.tlog.errors import ReadError

SCHEMA = "assay.bundle/1"
MAX_BYTES = 16 * 1024 * 1024
_MAX_ENTRIES = 10_000
_MAX_PROOF = 64


class Kind(StrEnum):
    """Predicates that a bundle may hold."""

    SUITE = "suite-submission"
    PROPOSAL = "protocol-proposal"
    APPROVAL = "protocol-approval"
    ACTIVATION = "protocol-activation"
    RUN_START = "run-start"
    RUN_END = "run-end"
    RUN_RECEIPT = "run-receipt"
    RUN_REFUND = "run-refund"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Entry:
    """One leaf of the log, its proof, and the statement unless that is withheld.

    `envelope` is the DSSE envelope's bytes, `verifier` the signer's DER SubjectPublicKeyInfo,
    `leaf` the leaf's body, `proof` the inclusion proof under the bundle's checkpoint.
    """

    kind: str
    index: int
    envelope: bytes | None
    verifier: bytes
    proof: tuple[bytes, ...]
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle's parts, none of them checked against another."""

    trust_root: bytes
    checkpoint: str
    entries: tuple[Entry, ...]
    protocol: bytes
    report: bytes


def build(
    *,
    trust_root: bytes,
    checkpoint: str,
    entries: Sequence[Entry],
    protocol: bytes,
    report: bytes,
) -> bytes:
    """Encode a bundle; entries go in by log index. Raises ReadError for what none can hold."""
    data = reader.canonical(
        {
            "schema": SCHEMA,
            "trust_root": reader.to_base64(trust_root),
            "checkpoint": checkpoint,
            "entries": [_encode(entry) for entry in sorted(entries, key=lambda e: e.index)],
            "documents": {
                "protocol": reader.to_base64(protocol),
                "report": reader.to_base64(report),
            },
        }
    )
    parse(data)
    return data


def parse(data: bytes) -> Bundle:
    """Read a bundle of exactly the known fields, whatever its spacing. Raises ReadError."""
    node = reader.Node(reader.load(data, MAX_BYTES), "bundle").exactly(
        "schema", "trust_root", "checkpoint", "entries", "documents"
    )
    if node["schema"].text() != SCHEMA:
        raise ReadError("bundle is of an unknown schema")
    documents = node["documents"].exactly("protocol", "report")
    return Bundle(
        trust_root=node["trust_root"].bytes(),
        checkpoint=node["checkpoint"].text(),
        entries=tuple(_decode(item) for item in node["entries"].items(_MAX_ENTRIES)),
        protocol=documents["protocol"].bytes(),
        report=documents["report"].bytes(),
    )


def is_canonical(data: bytes) -> bool:
    """Tell whether readable bytes equal their own canonical encoding. Raises ReadError."""
    return reader.canonical(reader.load(data, MAX_BYTES)) == data


def _encode(entry: Entry) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "index": entry.index,
        "envelope": None if entry.envelope is None else reader.to_base64(entry.envelope),
        "verifier": reader.to_base64(entry.verifier),
        "proof": [reader.to_base64(item) for item in entry.proof],
        "leaf": reader.to_base64(entry.leaf),
    }


def _decode(node: reader.Node) -> Entry:
    node.exactly("kind", "index", "envelope", "verifier", "proof", "leaf")
    kind = node["kind"].text()
    if kind not in set(Kind):
        node["kind"].fail("is unknown")
    envelope = node["envelope"]
    return Entry(
        kind=kind,
        index=node["index"].integer(),
        envelope=None if envelope.is_null() else envelope.bytes(),
        verifier=node["verifier"].bytes(),
        proof=tuple(item.bytes() for item in node["proof"].items(_MAX_PROOF)),
        leaf=node["leaf"].bytes(),
    )
