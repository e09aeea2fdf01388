"""DSSE v1 envelopes with exactly one signature.

What is signed is the pre-authentication encoding of the exact payload bytes (DSSE protocol,
section "Signature Definition"), so a reader never has to re-serialise anything. An envelope's
own bytes are canonical JSON and every base64 field is its one standard encoding (RFC 4648,
section 4): one envelope, one sequence of bytes.
"""

import base64
import binascii
from dataclasses import dataclass

from harness.documents import canonical
from harness.documents.signer import PrivateKey, PublicKey, SignatureInvalid

IN_TOTO = "application/vnd.in-toto+json"
MAX_BYTES = 1024 * 1024


class EnvelopeError(ValueError):
    """Bytes are not one of our envelopes. The message is constant."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Payload bytes, what they are, and one signature over both."""

    payload: bytes
    payload_type: str
    key_id: str
    signature: bytes

    @property
    def pae(self) -> bytes:
        """The bytes that are signed."""
        return pae(self.payload_type, self.payload)

    @property
    def pae_digest(self) -> str:
        """`sha256:` digest of the signed bytes: the statement's name in the log."""
        return canonical.digest(self.pae)

    def verify(self, key: PublicKey) -> None:
        """Check that `key` is the named one and signed these bytes. Raises SignatureInvalid."""
        if key.key_id != self.key_id:
            raise SignatureInvalid("the envelope was signed by another key")
        key.verify(self.signature, self.pae)

    def to_bytes(self) -> bytes:
        """Encode the envelope as canonical JSON."""
        return canonical.dumps(
            {
                "payload": base64.b64encode(self.payload).decode(),
                "payloadType": self.payload_type,
                "signatures": [
                    {"keyid": self.key_id, "sig": base64.b64encode(self.signature).decode()}
                ],
            }
        )


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE v1 pre-authentication encoding; both lengths count bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, key: PrivateKey, payload_type: str = IN_TOTO) -> Envelope:
    """Sign exactly these payload bytes."""
    signature = key.sign(pae(payload_type, payload))
    return Envelope(payload, payload_type, key.public.key_id, signature)


def parse(data: bytes, payload_type: str = IN_TOTO) -> Envelope:
    """Read an envelope of the expected type. The signature is not checked here.

    Raises EnvelopeError for anything but the one encoding `to_bytes` makes, more than one
    signature, another payload type, or more than 1 MiB.
    """
    try:
        value = canonical.loads(data, MAX_BYTES)
    except canonical.CanonicalError:
        raise EnvelopeError("the envelope is not canonical JSON") from None
    outer = _fields(value, {"payload", "payloadType", "signatures"})
    if outer["payloadType"] != payload_type:
        raise EnvelopeError("the envelope holds another type of payload")
    signatures = outer["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise EnvelopeError("the envelope needs exactly one signature")
    inner = _fields(signatures[0], {"keyid", "sig"})
    key_id = inner["keyid"]
    if not isinstance(key_id, str):
        raise EnvelopeError("a field of the envelope is not a string")
    return Envelope(_base64(outer["payload"]), payload_type, key_id, _base64(inner["sig"]))


def _fields(value: object, names: set[str]) -> dict[str, object]:
    if not isinstance(value, dict) or value.keys() != names:
        raise EnvelopeError("the envelope's fields are not those of DSSE")
    return value


def _base64(value: object) -> bytes:
    if not isinstance(value, str):
        raise EnvelopeError("a field of the envelope is not a string")
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise EnvelopeError("a field of the envelope is not base64") from None
    # Padding bits that decode to nothing would let two envelopes mean the same.
    if base64.b64encode(raw).decode() != value:
        raise EnvelopeError("a field of the envelope is not in its one base64 form")
    return raw
