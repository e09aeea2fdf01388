import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from harness.tlog import checkpoint, errors, keys

_KEY = ed25519.Ed25519PrivateKey.generate()
_PRIVATE, _PUBLIC = _KEY.private_bytes_raw(), _KEY.public_key().public_bytes_raw()
_ORIGIN = "assay.example/log"
_ROOT = bytes(range(32))
_NOTE = checkpoint.sign(_ORIGIN, 42, _ROOT, _PRIVATE)


def _signed(body, origin=_ORIGIN):
    blob = checkpoint.key_hash(origin, _PUBLIC) + _KEY.sign(body.encode())
    return f"{body}\n— {origin} {base64.b64encode(blob).decode()}\n"


def test_round_trip():
    head = checkpoint.verify(_NOTE, _ORIGIN, _PUBLIC)
    assert (head.size, head.root) == (42, _ROOT)


def test_the_text_is_that_of_the_specification():
    body, signature = _NOTE.split("\n\n")
    assert body == f"{_ORIGIN}\n42\n{base64.b64encode(_ROOT).decode()}"
    assert signature.startswith(f"— {_ORIGIN} ")
    assert signature.endswith("\n")


# Verifier keys as published by Go's checksum database and in its note package's documentation.
_PUBLISHED = [
    "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
]


@pytest.mark.parametrize("verifier_key", _PUBLISHED)
def test_key_ids_of_published_keys(verifier_key):
    name, expected, data = verifier_key.split("+", 2)
    raw = base64.b64decode(data)
    assert raw[0] == 1
    assert checkpoint.key_hash(name, raw[1:]).hex() == expected


def test_a_published_signature_verifies():
    text = (
        b"If you think cryptography is the answer to your problem,\n"
        b"then you don't know what your problem is.\n"
    )
    blob = base64.b64decode(
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJ"
        "nAM="
    )
    public = base64.b64decode(_PUBLISHED[1].split("+", 2)[2])[1:]
    assert blob[:4] == checkpoint.key_hash("PeterNeumann", public)
    keys.verify_ed25519(public, blob[4:], text)


def test_another_log_key_is_refused():
    other = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    with pytest.raises(errors.CheckpointError, match="no signature"):
        checkpoint.verify(_NOTE, _ORIGIN, other)


def test_another_origin_is_refused():
    with pytest.raises(errors.CheckpointError, match="no signature"):
        checkpoint.verify(_NOTE, "assay.example/other", _PUBLIC)


def test_a_body_of_another_log_is_refused():
    note = _signed(f"assay.example/other\n42\n{base64.b64encode(_ROOT).decode()}\n")
    with pytest.raises(errors.CheckpointError, match="another log"):
        checkpoint.verify(note, _ORIGIN, _PUBLIC)


def test_a_changed_size_is_refused():
    with pytest.raises(errors.CheckpointError, match="does not verify"):
        checkpoint.verify(_NOTE.replace("\n42\n", "\n43\n"), _ORIGIN, _PUBLIC)


@pytest.mark.parametrize("size", ["042", "-1", "4 2", "٤٢", "", "9" * 19])
def test_sizes_have_one_spelling(size):
    with pytest.raises(errors.CheckpointError):
        checkpoint.verify(
            _signed(f"{_ORIGIN}\n{size}\n{base64.b64encode(_ROOT).decode()}\n"), _ORIGIN, _PUBLIC
        )


@pytest.mark.parametrize("root", [base64.b64encode(bytes(31)).decode(), "AAAA", "A=AA", ""])
def test_roots_are_32_bytes(root):
    with pytest.raises(errors.CheckpointError):
        checkpoint.verify(_signed(f"{_ORIGIN}\n42\n{root}\n"), _ORIGIN, _PUBLIC)


def test_signatures_of_strangers_are_ignored():
    stranger = "— witness.example " + base64.b64encode(bytes(68)).decode() + "\n"
    assert checkpoint.verify(_NOTE + stranger, _ORIGIN, _PUBLIC).size == 42


def test_a_malformed_signature_line_is_refused():
    with pytest.raises(errors.CheckpointError, match="malformed"):
        checkpoint.verify(_NOTE + "- witness.example AAAA\n", _ORIGIN, _PUBLIC)


def test_a_signature_line_in_loose_base64_is_refused():
    with pytest.raises(errors.CheckpointError, match="malformed"):
        checkpoint.verify(_NOTE + "— witness.example AAB=\n", _ORIGIN, _PUBLIC)


def test_a_note_signed_twice_by_the_log_is_refused():
    line = _NOTE[_NOTE.index("—") :]
    with pytest.raises(errors.CheckpointError, match="twice"):
        checkpoint.verify(_NOTE + line, _ORIGIN, _PUBLIC)


def test_too_many_signature_lines_are_refused():
    stranger = "— witness.example " + base64.b64encode(bytes(68)).decode() + "\n"
    with pytest.raises(errors.CheckpointError, match="not a signed note"):
        checkpoint.verify(_NOTE + 32 * stranger, _ORIGIN, _PUBLIC)


@pytest.mark.parametrize("extra", ["tab\there", "long" * 5000, "lone\ud800"])
def test_what_is_not_plain_text_is_refused(extra):
    with pytest.raises(errors.CheckpointError, match="plain text"):
        checkpoint.verify(_NOTE.replace("\n\n", f"\n{extra}\n\n"), _ORIGIN, _PUBLIC)


@pytest.mark.parametrize("body", [f"{_ORIGIN}\n42\n", f"{_ORIGIN}\n42\n\n{_ROOT.hex()}\n"])
def test_missing_and_empty_lines_are_refused(body):
    with pytest.raises(errors.CheckpointError, match="missing or an empty line"):
        checkpoint.verify(_signed(body), _ORIGIN, _PUBLIC)


def test_extension_lines_are_signed():
    body = f"{_ORIGIN}\n42\n{base64.b64encode(_ROOT).decode()}\nextension\n"
    note = _signed(body)
    assert checkpoint.verify(note, _ORIGIN, _PUBLIC).size == 42
    with pytest.raises(errors.CheckpointError, match="does not verify"):
        checkpoint.verify(note.replace("extension", "extensioN"), _ORIGIN, _PUBLIC)


@pytest.mark.parametrize("text", ["", "\n", "\n\n", "a\n\n", _NOTE[:-1], _NOTE + "\n", "\ud800"])
def test_what_is_not_a_note_is_refused(text):
    with pytest.raises(errors.CheckpointError):
        checkpoint.verify(text, _ORIGIN, _PUBLIC)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("with space", 1, _ROOT),
        ("a+b", 1, _ROOT),
        ("", 1, _ROOT),
        ("a\nb", 1, _ROOT),
        (_ORIGIN, -1, _ROOT),
        (_ORIGIN, 1, bytes(31)),
    ],
)
def test_what_no_checkpoint_can_carry_is_not_signed(origin, size, root):
    with pytest.raises(ValueError, match="a checkpoint needs"):
        checkpoint.sign(origin, size, root, _PRIVATE)
