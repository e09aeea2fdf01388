r"""The signed head of the log: a C2SP tlog-checkpoint in a C2SP signed-note, version 1.0.0.

    origin                       the log's name, a URL without its scheme
    size                         number of leaves, decimal
    root                         base64 of the tree's root hash
                                 (one empty line)
    — origin base64(id ‖ sig)    Ed25519 over everything above the empty line

The id is the first 4 bytes of SHA-256(name ‖ "\n" ‖ 0x01 ‖ public key); 0x01 says Ed25519.
"""

import hashlib
import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ed25519

from harness.tlog import keys, reader, tree
from harness.tlog.errors import CheckpointError, PublicKeyError, ReadError, SignatureError

MAX_CHARACTERS = 16 * 1024
_MAX_SIGNATURES = 32
_ED25519_TYPE = b"\x01"
_KEY_HASH_BYTES = 4
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
# A name with a space or a plus sign could be read in two ways (signed-note, "Format").
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,255}")
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")
_BODY_LINES = 3


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What a checkpoint says: so many leaves, with this root."""

    size: int
    root: bytes


def key_hash(name: str, public: bytes) -> bytes:
    """Short id of an Ed25519 key under a name, as it stands in a signature line."""
    material = name.encode() + b"\n" + _ED25519_TYPE + public
    return hashlib.sha256(material).digest()[:_KEY_HASH_BYTES]


def sign(origin: str, size: int, root: bytes, key: bytes) -> str:
    """Write and sign a checkpoint with the raw 32-byte Ed25519 private key.

    Raises ValueError for an origin, size or root that no checkpoint can carry.
    """
    if not _NAME.fullmatch(origin) or size < 0 or len(root) != tree.HASH_BYTES:
        raise ValueError("a checkpoint needs a plain origin, a size and a root of 32 bytes")
    private = ed25519.Ed25519PrivateKey.from_private_bytes(key)
    body = f"{origin}\n{size}\n{reader.to_base64(root)}\n"
    public = private.public_key().public_bytes_raw()
    signature = key_hash(origin, public) + private.sign(body.encode())
    return f"{body}\n— {origin} {reader.to_base64(signature)}\n"


def verify(text: str, origin: str, public: bytes) -> TreeHead:
    """Check that the log `origin` signed this checkpoint with the raw key `public`; read it.

    Well-formed signatures of other names and keys are ignored, as the specification asks.
    Raises CheckpointError.
    """
    body, lines = _split(text)
    signed = False
    for line in lines:
        match = _SIGNATURE_LINE.fullmatch(line)
        if match is None:
            raise CheckpointError("a signature line of the checkpoint is malformed")
        try:
            blob = reader.from_base64(match[2])
        except ReadError:
            raise CheckpointError("a signature line of the checkpoint is malformed") from None
        if match[1] != origin or blob[:_KEY_HASH_BYTES] != key_hash(origin, public):
            continue
        if signed:
            raise CheckpointError("the checkpoint is signed twice by the log")
        try:
            keys.verify_ed25519(public, blob[_KEY_HASH_BYTES:], body.encode())
        except (PublicKeyError, SignatureError):
            raise CheckpointError("the log's signature does not verify") from None
        signed = True
    if not signed:
        raise CheckpointError("the checkpoint carries no signature of the log's key")
    return _head(body, origin)


def _split(text: str) -> tuple[str, list[str]]:
    if len(text) > MAX_CHARACTERS or not _encodable(text):
        raise CheckpointError("the checkpoint is too large or not plain text")
    body, separator, signatures = text.rpartition("\n\n")
    lines = signatures.split("\n")
    if not separator or lines.pop() != "" or not 1 <= len(lines) <= _MAX_SIGNATURES:
        raise CheckpointError("the checkpoint is not a signed note")
    return body + "\n", lines


def _encodable(text: str) -> bool:
    # Control characters could hide a line from a person; lone surrogates have no bytes.
    return not any(
        (ord(c) < 0x20 and c != "\n") or 0xD800 <= ord(c) <= 0xDFFF  # noqa: PLR2004
        for c in text
    )


def _head(body: str, origin: str) -> TreeHead:
    lines = body.split("\n")
    # Later lines are extensions, which the signature covers and a reader may skip.
    if len(lines) <= _BODY_LINES or "" in lines[:-1]:
        raise CheckpointError("the checkpoint has a missing or an empty line")
    name, size, root = lines[:_BODY_LINES]
    if name != origin:
        raise CheckpointError("the checkpoint belongs to another log")
    if not _SIZE.fullmatch(size):
        raise CheckpointError("the checkpoint's size is not a plain number")
    try:
        root_hash = reader.from_base64(root)
    except ReadError:
        raise CheckpointError("the checkpoint's root is not base64") from None
    if len(root_hash) != tree.HASH_BYTES:
        raise CheckpointError("the checkpoint's root is not 32 bytes long")
    return TreeHead(int(size), root_hash)
