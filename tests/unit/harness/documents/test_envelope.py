import base64
import json
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from harness.documents import canonical, envelope, signer

PAYLOAD = b'{"hello":"world"}'


@pytest.fixture(scope="module")
def key():
    return signer.generate("ed25519")


def _with(sealed, **changes):
    """The envelope's bytes with some outer fields replaced, still canonical."""
    return canonical.dumps({**json.loads(sealed.to_bytes()), **changes})


def test_pae_matches_the_example_of_the_dsse_protocol():
    got = envelope.pae("http://example.com/HelloWorld", b"hello world")
    assert got == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_pae_counts_bytes_and_cannot_be_split_in_two_ways():
    assert envelope.pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "
    assert envelope.pae("a", b"b c") != envelope.pae("a b", b"c")


def test_the_example_of_the_dsse_protocol_verifies():
    # Key, signature and envelope as published in the DSSE repository's test vectors.
    public = signer.PublicKey.from_pem(_dsse_example_key())
    signature = base64.b64decode(
        "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
    )
    r, s = signature[:32], signature[32:]
    public.verify(_der_signature(r, s), b"DSSEv1 29 http://example.com/HelloWorld 11 hello world")


@pytest.mark.parametrize("algorithm", ["p256", "ed25519"])
def test_seal_parse_verify(algorithm):
    key = signer.generate(algorithm)
    sealed = envelope.seal(PAYLOAD, key)
    again = envelope.parse(sealed.to_bytes())
    assert again == sealed
    assert again.payload == PAYLOAD
    again.verify(key.public)


def test_the_payload_is_kept_byte_for_byte(key):
    odd = b'{ "b": 1,\n"a": 1.50 }'
    assert envelope.parse(envelope.seal(odd, key).to_bytes()).payload == odd


def test_another_key_is_refused(key):
    with pytest.raises(signer.SignatureInvalid, match="another key"):
        envelope.seal(PAYLOAD, key).verify(signer.generate("ed25519").public)


def test_a_signature_over_another_payload_or_type_is_refused(key):
    sealed = envelope.seal(PAYLOAD, key)
    other = envelope.Envelope(b"{}", sealed.payload_type, sealed.key_id, sealed.signature)
    typed = envelope.Envelope(PAYLOAD, "text/plain", sealed.key_id, sealed.signature)
    for wrong in (other, typed):
        with pytest.raises(signer.SignatureInvalid):
            wrong.verify(key.public)


def test_the_pae_digest_names_the_signed_bytes(key):
    sealed = envelope.seal(PAYLOAD, key)
    assert sealed.pae_digest == canonical.digest(sealed.pae)
    assert sealed.pae_digest != canonical.digest(PAYLOAD)


def test_only_one_signature_is_read(key):
    sealed = envelope.seal(PAYLOAD, key)
    one = json.loads(sealed.to_bytes())["signatures"]
    for signatures in ([], one + one, {}, None, "x"):
        with pytest.raises(envelope.EnvelopeError, match="exactly one signature"):
            envelope.parse(_with(sealed, signatures=signatures))


def test_another_payload_type_is_refused(key):
    sealed = envelope.seal(PAYLOAD, key, "text/plain")
    with pytest.raises(envelope.EnvelopeError, match="another type"):
        envelope.parse(sealed.to_bytes())
    assert envelope.parse(sealed.to_bytes(), "text/plain") == sealed


@pytest.mark.parametrize(
    "payload",
    ["e30", "e31=", "e30=\n", "e30 =", "e-0=", "====", 3, None, "é"],
    ids=repr,
)
def test_base64_has_one_form(key, payload):
    sealed = envelope.seal(PAYLOAD, key)
    with pytest.raises(envelope.EnvelopeError):
        envelope.parse(_with(sealed, payload=payload))


def test_fields_are_those_of_dsse_and_no_others(key):
    sealed = envelope.seal(PAYLOAD, key)
    signature = json.loads(sealed.to_bytes())["signatures"][0]
    bad = [
        _with(sealed, note="x"),
        _with(sealed, signatures=[{**signature, "cert": "x"}]),
        _with(sealed, signatures=[{"sig": signature["sig"]}]),
        _with(sealed, signatures=[{**signature, "keyid": 7}]),
        _with(sealed, signatures=["x"]),
        canonical.dumps([]),
        b"",
        sealed.to_bytes() + b"\n",
    ]
    for data in bad:
        with pytest.raises(envelope.EnvelopeError):
            envelope.parse(data)


def test_a_large_envelope_is_refused(key):
    sealed = envelope.seal(b"x" * envelope.MAX_BYTES, key)
    with pytest.raises(envelope.EnvelopeError):
        envelope.parse(sealed.to_bytes())


@pytest.mark.parametrize("algorithm", ["p256", "ed25519"])
def test_openssl_verifies_the_signature_and_refuses_a_changed_one(algorithm, tmp_path):
    key = signer.generate(algorithm)
    sealed = envelope.seal(PAYLOAD, key)
    (tmp_path / "key.pem").write_bytes(key.public.to_pem())
    (tmp_path / "sig").write_bytes(sealed.signature)
    for message, accepted in ((sealed.pae, True), (sealed.pae + b" ", False)):
        (tmp_path / "pae").write_bytes(message)
        result = subprocess.run(_openssl_verify(algorithm, tmp_path), check=False)
        assert (result.returncode == 0) is accepted, result


@pytest.mark.parametrize("algorithm", ["p256", "ed25519"])
def test_a_signature_made_by_openssl_verifies_here(algorithm, tmp_path):
    key = signer.generate(algorithm)
    (tmp_path / "key.pem").write_bytes(key.to_pem())
    message = envelope.pae(envelope.IN_TOTO, PAYLOAD)
    (tmp_path / "pae").write_bytes(message)
    options = ["-rawin"] if algorithm == "ed25519" else ["-rawin", "-digest", "sha256"]
    subprocess.run(
        ["openssl", "pkeyutl", "-sign", "-inkey", "key.pem", *options, "-in", "pae", "-out", "sig"],
        check=True,
        cwd=tmp_path,
    )
    signature = (tmp_path / "sig").read_bytes()
    made = envelope.Envelope(PAYLOAD, envelope.IN_TOTO, key.public.key_id, signature)
    envelope.parse(made.to_bytes()).verify(key.public)


def _openssl_verify(algorithm, folder):
    if algorithm == "p256":
        return [
            *("openssl", "dgst", "-sha256", "-verify", folder / "key.pem"),
            *("-signature", folder / "sig", folder / "pae"),
        ]
    return [
        *("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", folder / "key.pem", "-rawin"),
        *("-sigfile", folder / "sig", "-in", folder / "pae"),
    ]


def _dsse_example_key():
    numbers = ec.EllipticCurvePublicNumbers(
        46950820868899156662930047687818585632848591499744589407958293238635476079160,
        5640078356564379163099075877009565129882514886557779369047442380624545832820,
        ec.SECP256R1(),
    )
    return numbers.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _der_signature(r, s):
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
