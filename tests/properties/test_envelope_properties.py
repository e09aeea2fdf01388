import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.documents import envelope, signer

KEYS = {algorithm: signer.generate(algorithm) for algorithm in ("p256", "ed25519")}
SEALED = {name: envelope.seal(b'{"subject":[]}', key) for name, key in KEYS.items()}


@pytest.mark.parametrize("algorithm", KEYS)
@given(data=st.data())
def test_one_changed_byte_is_refused(algorithm, data):
    original = SEALED[algorithm].to_bytes()
    at = data.draw(st.integers(0, len(original) - 1))
    mask = data.draw(st.integers(1, 255))
    changed = original[:at] + bytes([original[at] ^ mask]) + original[at + 1 :]
    with pytest.raises((envelope.EnvelopeError, signer.SignatureInvalid)):
        envelope.parse(changed).verify(KEYS[algorithm].public)


@pytest.mark.parametrize("algorithm", KEYS)
def test_every_flipped_bit_is_refused(algorithm):
    original = SEALED[algorithm].to_bytes()
    for at in range(len(original)):
        for bit in range(8):
            changed = bytearray(original)
            changed[at] ^= 1 << bit
            with pytest.raises((envelope.EnvelopeError, signer.SignatureInvalid)):
                envelope.parse(bytes(changed)).verify(KEYS[algorithm].public)


@given(st.binary(max_size=200))
def test_any_payload_survives(payload):
    key = KEYS["ed25519"]
    again = envelope.parse(envelope.seal(payload, key).to_bytes())
    again.verify(key.public)
    assert again.payload == payload


@given(st.text(max_size=8), st.binary(max_size=8), st.text(max_size=8), st.binary(max_size=8))
def test_the_signed_bytes_tell_type_and_payload_apart(type_a, payload_a, type_b, payload_b):
    try:
        same = envelope.pae(type_a, payload_a) == envelope.pae(type_b, payload_b)
    except UnicodeEncodeError:
        return
    assert same == ((type_a, payload_a) == (type_b, payload_b))
