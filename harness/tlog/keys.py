"""Public keys and signatures as the verifier reads them.

Only two shapes of SubjectPublicKeyInfo exist here (RFC 5480 for P-256, uncompressed point;
RFC 8410 for Ed25519), told apart by their constant first bytes: one key has one encoding and
so one id.
"""

import hashlib
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from harness.tlog.errors import PublicKeyError, SignatureError

_P256_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
_P256_POINT_BYTES = 65
_ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")
_ED25519_BYTES = 32
_ECDSA = ec.ECDSA(hashes.SHA256())


class KeyDetails(StrEnum):
    """Names of Sigstore's `PublicKeyDetails` enumeration for the two kinds of key."""

    P256 = "PKIX_ECDSA_P256_SHA_256"
    ED25519 = "PKIX_ED25519"


def key_id(spki: bytes) -> str:
    """`sha256:` digest of the DER SubjectPublicKeyInfo."""
    return "sha256:" + hashlib.sha256(spki).hexdigest()


def details(spki: bytes) -> KeyDetails:
    """Say which kind of key this is. Raises PublicKeyError."""
    if spki.startswith(_P256_PREFIX) and len(spki) == len(_P256_PREFIX) + _P256_POINT_BYTES:
        return KeyDetails.P256
    if spki.startswith(_ED25519_PREFIX) and len(spki) == len(_ED25519_PREFIX) + _ED25519_BYTES:
        return KeyDetails.ED25519
    raise PublicKeyError("a key is neither P-256 nor Ed25519 in its one DER form")


def verify(spki: bytes, signature: bytes, message: bytes) -> None:
    """Check a signature over `message` (P-256: DER ECDSA-SHA256; Ed25519: RFC 8032).

    Raises PublicKeyError or SignatureError.
    """
    if details(spki) is KeyDetails.ED25519:
        verify_ed25519(spki[len(_ED25519_PREFIX) :], signature, message)
        return
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(
            ec.SECP256R1(), spki[len(_P256_PREFIX) :]
        )
    except ValueError:
        raise PublicKeyError("a P-256 key is not a point of the curve") from None
    try:
        public.verify(signature, message, _ECDSA)
    except InvalidSignature:
        raise SignatureError("a signature does not verify") from None


def verify_ed25519(public: bytes, signature: bytes, message: bytes) -> None:
    """Check an Ed25519 signature with a raw 32-byte key.

    Raises PublicKeyError or SignatureError.
    """
    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(public)
    except ValueError:
        raise PublicKeyError("an Ed25519 key is not 32 bytes long") from None
    try:
        key.verify(signature, message)
    except InvalidSignature:
        raise SignatureError("a signature does not verify") from None


def raw_key_id(ed25519_key: bytes) -> str:
    """`key_id` of a raw 32-byte Ed25519 key."""
    return key_id(_ED25519_PREFIX + ed25519_key)
