import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from harness.documents import canonical, signer

ALGORITHMS = ["p256", "ed25519"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_survives_its_pem_form_and_signs(algorithm):
    key = signer.PrivateKey.from_pem(signer.generate(algorithm).to_pem())
    public = signer.PublicKey.from_pem(key.public.to_pem())
    assert public == key.public
    assert public.algorithm == algorithm
    public.verify(key.sign(b"message"), b"message")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_message_or_key_or_a_broken_signature_is_refused(algorithm):
    key = signer.generate(algorithm)
    signature = key.sign(b"message")
    for public, sig, message in [
        (key.public, signature, b"messagE"),
        (signer.generate(algorithm).public, signature, b"message"),
        (key.public, signature + b"\0", b"message"),
        (key.public, signature[:-1], b"message"),
        (key.public, b"", b"message"),
    ]:
        with pytest.raises(signer.SignatureInvalid, match=r"^the signature does not verify$"):
            public.verify(sig, message)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_is_a_function_of_key_and_message(algorithm):
    key = signer.generate(algorithm)
    assert key.sign(b"message") == key.sign(b"message") != key.sign(b"messagE")


def test_the_key_id_is_the_digest_of_the_der_form():
    public = signer.generate("p256").public
    assert public.key_id == canonical.digest(public.der)


def _pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def test_other_algorithms_and_curves_are_refused():
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
        with pytest.raises(signer.KeyInvalid):
            signer.PrivateKey.from_pem(_pem(key))
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        with pytest.raises(signer.KeyInvalid):
            signer.PublicKey.from_pem(public)


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n", b"\xff"])
def test_what_is_no_key_is_refused_without_being_quoted(pem):
    for read in (signer.PrivateKey.from_pem, signer.PublicKey.from_pem):
        with pytest.raises(signer.KeyInvalid) as caught:
            read(pem)
        assert "AAAA" not in str(caught.value)


def test_a_passphrase_is_refused():
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    )
    with pytest.raises(signer.KeyInvalid):
        signer.PrivateKey.from_pem(key)


def test_a_second_der_form_of_one_key_is_refused():
    # The compressed point names the same key: two ids would count as two signers.
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    )
    head = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    with pytest.raises(signer.KeyInvalid, match="one DER form"):
        signer.PublicKey(head + point)


def test_a_private_key_does_not_print_itself():
    key = signer.generate("ed25519")
    assert key.to_pem().decode().splitlines()[1] not in repr(key)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_openssl_reads_both_pem_forms(algorithm, tmp_path):
    key = signer.generate(algorithm)
    (tmp_path / "key.pem").write_bytes(key.to_pem())
    derived = subprocess.run(
        ["openssl", "pkey", "-in", tmp_path / "key.pem", "-pubout"],
        check=True,
        capture_output=True,
    ).stdout
    assert signer.PublicKey.from_pem(derived) == key.public
