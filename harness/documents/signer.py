"""Signing keys: ECDSA on P-256 with SHA-256 (RFC 6979), or Ed25519 (RFC 8032).

A key's id is the digest of its DER SubjectPublicKeyInfo (RFC 5280). Errors never say which byte
of a key or signature was wrong, and never quote it.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from harness.documents import canonical

Algorithm: TypeAlias = Literal["p256", "ed25519"]
_Public: TypeAlias = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
_Private: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

# By RFC 6979 a signature is a function of key and message: no random number to leak the key by, or
# to choose. One made otherwise verifies as well.
_ECDSA = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


class KeyInvalid(ValueError):
    """Bytes are not a key that Assay uses. The message is constant."""


class SignatureInvalid(ValueError):
    """A signature does not verify. The message is constant."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A verification key, held as its DER SubjectPublicKeyInfo."""

    der: bytes

    def __post_init__(self) -> None:
        _load_der(self.der)

    @classmethod
    def from_pem(cls, pem: bytes) -> "PublicKey":
        """Read a PEM SubjectPublicKeyInfo. Raises KeyInvalid."""
        try:
            key = serialization.load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            raise KeyInvalid("not a public key in PEM form") from None
        return cls(_der(_known_public(key)))

    @property
    def key_id(self) -> str:
        """`sha256:` digest of the DER SubjectPublicKeyInfo."""
        return canonical.digest(self.der)

    @property
    def algorithm(self) -> Algorithm:
        """`p256` or `ed25519`."""
        return _algorithm(_load_der(self.der))

    def to_pem(self) -> bytes:
        """PEM SubjectPublicKeyInfo."""
        return _load_der(self.der).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check `signature` over `message` (P-256: DER). Raises SignatureInvalid."""
        key = _load_der(self.der)
        try:
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, message, _ECDSA)
            else:
                key.verify(signature, message)
        except InvalidSignature:
            raise SignatureInvalid("the signature does not verify") from None


class PrivateKey:
    """A signing key. It has no `repr` of its content, no equality and no digest."""

    __slots__ = ("_key",)

    def __init__(self, key: _Private) -> None:
        self._key = key

    @classmethod
    def from_pem(cls, pem: bytes) -> "PrivateKey":
        """Read PKCS #8 PEM without a passphrase (RFC 5208). Raises KeyInvalid."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise KeyInvalid("not a private key in PEM form without passphrase") from None
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return cls(key)
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return cls(key)
        raise KeyInvalid("keys are P-256 or Ed25519")

    @property
    def public(self) -> PublicKey:
        """The verification key of this pair."""
        return PublicKey(_der(self._key.public_key()))

    def to_pem(self) -> bytes:
        """PKCS #8 PEM without a passphrase: the caller keeps the file private (0600)."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def sign(self, message: bytes) -> bytes:
        """Sign `message`: DER ECDSA-SHA256 for P-256, 64 bytes for Ed25519."""
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(message, _ECDSA)
        return self._key.sign(message)


def generate(algorithm: Algorithm) -> PrivateKey:
    """Make a new key from the system's random source."""
    if algorithm == "p256":
        return PrivateKey(ec.generate_private_key(ec.SECP256R1()))
    return PrivateKey(ed25519.Ed25519PrivateKey.generate())


def _load_der(der: bytes) -> _Public:
    try:
        key = _known_public(serialization.load_der_public_key(der))
    except (ValueError, UnsupportedAlgorithm):
        raise KeyInvalid("not a public key in DER form") from None
    # One key, one encoding: otherwise one key would have two ids and count as two signers.
    if _der(key) != der:
        raise KeyInvalid("the public key is not in its one DER form")
    return key


def _known_public(key: object) -> _Public:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise KeyInvalid("keys are P-256 or Ed25519")


def _der(key: _Public) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _algorithm(key: _Public) -> Algorithm:
    return "p256" if isinstance(key, ec.EllipticCurvePublicKey) else "ed25519"
