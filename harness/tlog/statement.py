"""Signed statements as the verifier reads them: in-toto Statement v1 in a DSSE envelope.

One signature per envelope. What is signed is the pre-authentication encoding (PAE, DSSE
protocol version 1.0.0) of the payload's exact bytes; its digest names the statement.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from harness.tlog import keys, reader
from harness.tlog.errors import ReadError, SignatureError

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_MAX_BYTES = 4 * 1024 * 1024
_HEX_DIGITS = 64
# 128 bits need at least 22 characters of base64.
_MIN_NONCE = 22


def predicate_type(kind: str) -> str:
    """Name of the predicate of a kind of statement."""
    return f"tag:assay,2026:predicate/{kind}/v1"


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope whose signature is not yet checked."""

    payload: bytes
    key_id: str
    signature: bytes

    @property
    def signed(self) -> bytes:
        """The bytes that were signed."""
        kind = PAYLOAD_TYPE.encode()
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)

    def check_signature(self, verifier: bytes) -> None:
        """Check that the envelope names this key and that it signed. Raises TlogError."""
        if self.key_id != keys.key_id(verifier):
            raise SignatureError("an envelope names another key than its entry")
        keys.verify(verifier, self.signature, self.signed)


@dataclass(frozen=True, slots=True)
class Statement:
    """What was signed: subjects by name, and the predicate's fields.

    `digest` is the `sha256:` digest of the signed bytes, `prev` that of the statement it
    follows.
    """

    digest: str
    subjects: dict[str, str]
    predicate: reader.Node
    issued_at: datetime
    prev: str | None


def read_envelope(data: bytes) -> Envelope:
    """Read a canonical DSSE envelope with exactly one signature. Raises ReadError."""
    value = reader.load(data, _MAX_BYTES)
    node = reader.Node(value, "envelope").exactly("payload", "payloadType", "signatures")
    signatures = node["signatures"].items()
    if node["payloadType"].text() != PAYLOAD_TYPE or len(signatures) != 1:
        raise ReadError("envelope is not an in-toto statement with one signature")
    signature = signatures[0].exactly("keyid", "sig")
    if reader.canonical(value) != data:
        raise ReadError("envelope is not in its canonical form")
    return Envelope(node["payload"].bytes(), signature["keyid"].digest(), signature["sig"].bytes())


def read_statement(envelope: Envelope, kind: str) -> Statement:
    """Read the statement of one kind; fields a later version adds are ignored.

    Raises ReadError.
    """
    node = reader.Node(reader.load(envelope.payload, _MAX_BYTES), kind)
    if node["_type"].text() != STATEMENT_TYPE:
        node["_type"].fail("is not in-toto Statement v1")
    if node["predicateType"].text() != predicate_type(kind):
        node["predicateType"].fail("is not the one of its entry")
    predicate = node["predicate"]
    predicate["schema"].text()
    if len(predicate["nonce"].text()) < _MIN_NONCE:
        predicate["nonce"].fail("has fewer than 128 bits")
    prev = predicate["prev"]
    return Statement(
        digest="sha256:" + hashlib.sha256(envelope.signed).hexdigest(),
        subjects=_subjects(node["subject"]),
        predicate=predicate,
        issued_at=predicate["issuedAt"].time(),
        prev=None if prev.is_null() else prev.digest(),
    )


def _subjects(node: reader.Node) -> dict[str, str]:
    result: dict[str, str] = {}
    for item in node.items():
        name = item["name"].text()
        if name in result:
            node.fail("names a subject twice")
        result[name] = reader.Node(
            "sha256:" + item["digest"]["sha256"].text(max_length=_HEX_DIGITS), item.place
        ).digest()
    return result
