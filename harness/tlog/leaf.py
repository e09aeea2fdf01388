"""What stands in the log: one `hashedrekord` 0.0.2 body per statement (Rekor version 2).

The body holds SHA-256 of the signed bytes (DSSE's pre-authentication encoding), the signature
and the key, in canonical JSON, so a leaf reveals nothing of a withheld statement.

For P-256 the digest in a leaf is the very digest that ECDSA signed, so a leaf can be checked by
itself. Ed25519 has no such digest: the signature is plain Ed25519 over the signed bytes
(PKIX_ED25519, RFC 8032), not the prehashed variant that Rekor itself asks for (Ed25519ph),
because `ssh-keygen` and most key stores cannot make that one. A leaf of an Ed25519 key is
therefore checked together with its envelope.
"""

from harness.tlog import keys, reader, tree
from harness.tlog.errors import ReadError


def body(pae_digest: bytes, signature: bytes, verifier: bytes) -> bytes:
    """Encode a leaf from the 32-byte digest, the signature and the DER SubjectPublicKeyInfo.

    Raises ValueError for another length and PublicKeyError for a key Assay does not use.
    """
    if len(pae_digest) != tree.HASH_BYTES:
        raise ValueError("a leaf's digest is 32 bytes long")
    data = {"algorithm": "SHA2_256", "digest": reader.to_base64(pae_digest)}
    key = {
        "keyDetails": keys.details(verifier).value,
        "publicKey": {"rawBytes": reader.to_base64(verifier)},
    }
    sealed = {"content": reader.to_base64(signature), "verifier": key}
    return reader.canonical(
        {
            "apiVersion": "0.0.2",
            "kind": "hashedrekord",
            "spec": {"hashedRekordV002": {"data": data, "signature": sealed}},
        }
    )


def verifier(leaf: bytes) -> bytes:
    """Read the DER key out of a leaf body that must be exactly what `body` makes.

    Raises ReadError or PublicKeyError.
    """
    record = reader.Node(reader.load(leaf, 64 * 1024), "leaf")["spec"]["hashedRekordV002"]
    digest = record["data"]["digest"].bytes()
    signature = record["signature"]["content"].bytes()
    key = record["signature"]["verifier"]["publicKey"]["rawBytes"].bytes()
    if len(digest) != tree.HASH_BYTES or body(digest, signature, key) != leaf:
        raise ReadError("leaf is not a hashedrekord 0.0.2 body in canonical form")
    return key
