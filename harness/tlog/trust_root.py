"""The trust root: whose log and whose server a reader believes.

One small canonical JSON document. Its digest is what a reader pins: published in a paper, a
contract or a web page, it fixes the log's name, its Ed25519 key and the server's statement key.
Organisations' keys are not in it yet; a protocol names its parties' keys by digest.
"""

import hashlib
from dataclasses import dataclass

from harness.tlog import keys, reader
from harness.tlog.errors import ReadError

SCHEMA = "assay.trust-root/1"
_MAX_BYTES = 64 * 1024
_LOG_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """`log_key` is a raw Ed25519 key, `server_key` a DER SubjectPublicKeyInfo."""

    origin: str
    log_key: bytes
    server_key: bytes


def build(origin: str, log_key: bytes, server_key: bytes) -> bytes:
    """Encode a trust root. Raises ReadError for keys or a name it cannot hold."""
    data = reader.canonical(
        {
            "schema": SCHEMA,
            "origin": origin,
            "log_key": reader.to_base64(log_key),
            "server_key": reader.to_base64(server_key),
            "organisations": None,
        }
    )
    parse(data)
    return data


def parse(data: bytes) -> TrustRoot:
    """Read a trust root that must be its own canonical encoding. Raises TlogError."""
    value = reader.load(data, _MAX_BYTES)
    node = reader.Node(value, "trust root").exactly(
        "schema", "origin", "log_key", "server_key", "organisations"
    )
    if node["schema"].text() != SCHEMA or not node["organisations"].is_null():
        raise ReadError("trust root is of an unknown schema")
    log_key, server_key = node["log_key"].bytes(), node["server_key"].bytes()
    keys.details(server_key)
    if len(log_key) != _LOG_KEY_BYTES or reader.canonical(value) != data:
        raise ReadError("trust root is not in its canonical form")
    return TrustRoot(node["origin"].text(max_length=255), log_key, server_key)


def digest(data: bytes) -> str:
    """`sha256:` digest that pins a trust root."""
    return "sha256:" + hashlib.sha256(data).hexdigest()
