import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from harness.tlog import errors, leaf

_DIGEST = hashlib.sha256(b"signed bytes").digest()


def _spki(private):
    return private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


_P256 = _spki(ec.generate_private_key(ec.SECP256R1()))
_ED25519 = _spki(ed25519.Ed25519PrivateKey.generate())


@pytest.mark.parametrize(
    ("spki", "details"),
    [(_P256, "PKIX_ECDSA_P256_SHA_256"), (_ED25519, "PKIX_ED25519")],
    ids=["p256", "ed25519"],
)
def test_body_is_a_hashedrekord(spki, details):
    body = leaf.body(_DIGEST, b"signature", spki)
    assert json.loads(body) == {
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": {
            "hashedRekordV002": {
                "data": {
                    "algorithm": "SHA2_256",
                    "digest": base64.b64encode(_DIGEST).decode(),
                },
                "signature": {
                    "content": base64.b64encode(b"signature").decode(),
                    "verifier": {
                        "keyDetails": details,
                        "publicKey": {"rawBytes": base64.b64encode(spki).decode()},
                    },
                },
            }
        },
    }
    assert b" " not in body
    assert leaf.verifier(body) == spki


def test_other_keys_have_no_leaf():
    for private in (
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP384R1()),
    ):
        with pytest.raises(errors.PublicKeyError):
            leaf.body(_DIGEST, b"signature", _spki(private))


def test_digest_is_32_bytes():
    with pytest.raises(ValueError, match="32 bytes"):
        leaf.body(_DIGEST[:31], b"signature", _P256)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"hashedrekord", b"hashedRekord"),
        (b"0.0.2", b"0.0.1"),
        (b"SHA2_256", b"SHA2_512"),
        (b"PKIX_ECDSA_P256_SHA_256", b"PKIX_ED25519"),
        (b'{"apiVersion"', b'{ "apiVersion"'),
        (b'"content":', b'"contents":'),
    ],
)
def test_another_body_is_refused(old, new):
    body = leaf.body(_DIGEST, b"signature", _P256)
    assert old in body
    with pytest.raises(errors.ReadError):
        leaf.verifier(body.replace(old, new))
