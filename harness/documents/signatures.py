"""Signatures that were made offline: one small file that its signer carries to the server.

It holds whole envelopes by name, and no key. The file is canonical JSON, as each envelope is, so
an envelope comes out as the very bytes that went in.
"""

from collections.abc import Mapping
from typing import Final

from harness.documents import canonical
from harness.errors import InvalidInput

SCHEMA: Final = "assay.signatures/1"
# Name of an envelope in the file: the kind of statement that it holds.
KINDS: Final[Mapping[str, str]] = {
    "submission": "suite-submission",
    "proposal": "protocol-proposal",
    "approval": "protocol-approval",
}
MAX_BYTES: Final = 256 * 1024


def build(envelopes: Mapping[str, bytes]) -> bytes:
    """The file's bytes. Takes envelopes by a name of `KINDS`, as canonical JSON."""
    if not envelopes.keys() <= KINDS.keys():
        raise ValueError("an envelope under a name that no reader knows")
    found = {name: canonical.loads(envelope) for name, envelope in envelopes.items()}
    return canonical.dumps({"schema": SCHEMA, "envelopes": found})


def read(data: bytes, *names: str) -> tuple[bytes, ...]:
    """The envelopes of these names, in this order; whether they are valid is judged elsewhere.

    Raises InvalidInput when the file is another, was changed, or lacks one of them.
    """
    try:
        value = canonical.loads(data, MAX_BYTES)
    except canonical.CanonicalError:
        value = None
    if not isinstance(value, dict) or value.keys() != {"schema", "envelopes"}:
        raise InvalidInput("signatures: not a file that `assay sign` wrote")
    envelopes = value["envelopes"]
    if value["schema"] != SCHEMA or not isinstance(envelopes, dict):
        raise InvalidInput("signatures: not a file that this version of `assay sign` wrote")
    missing = [name for name in names if name not in envelopes]
    if missing:
        raise InvalidInput(
            f"signatures: the file holds no {' and no '.join(missing)}; sign the right file, "
            "with the key of the right organisation"
        )
    return tuple(canonical.dumps(envelopes[name]) for name in names)
