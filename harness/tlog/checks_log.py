"""Checks of form, log and signatures: this is what the log and the named keys signed.

Each check takes the chain, returns a short finding and raises TlogError when it fails.
"""

import hashlib
import re

from harness.tlog import bundle, keys, leaf, tree, trust_root
from harness.tlog.bundle import Kind
from harness.tlog.chain import Chain
from harness.tlog.errors import CheckError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# Their contents are for vendor and operator, or for the auditor; nothing else may hide.
_MAY_BE_WITHHELD = {Kind.RUN_RECEIPT, Kind.SUITE}
_BY_SERVER = {
    Kind.ACTIVATION,
    Kind.RUN_START,
    Kind.RUN_END,
    Kind.RUN_RECEIPT,
    Kind.RUN_REFUND,
    Kind.REPORT,
}
_BY_PARTY = {Kind.PROPOSAL, Kind.APPROVAL}


def canonical(chain: Chain) -> str:
    """Check that the file is the one encoding of what it says."""
    entries = len(chain.bundle.entries)
    if not bundle.is_canonical(chain.data):
        raise CheckError("the bundle is not in its canonical form")
    return f"{len(chain.data)} bytes, {entries} entries"


def pinned_root(chain: Chain, pin: bytes | str | None) -> str:
    """Check that the trust root is the one the reader pinned, if any."""
    data = chain.bundle.trust_root
    found = chain.trust_root
    if pin is None:
        return "UNPINNED: nothing says that this is the right log and server"
    expected = trust_root.digest(pin) if isinstance(pin, bytes) else pin
    if not _DIGEST.fullmatch(expected):
        raise CheckError("the pin is not a sha256 digest")
    if trust_root.digest(data) != expected:
        raise CheckError("the bundle's trust root is not the pinned one")
    return f"pinned, log key {keys.raw_key_id(found.log_key)}"


def signed_head(chain: Chain) -> str:
    """Check that the log's key signed the checkpoint, and nothing is added to it."""
    head = chain.head
    # Other names' signatures are not checked here, so none may stand there unnoticed.
    if chain.bundle.checkpoint.count("\n— ") != 1:
        raise CheckError("the checkpoint carries signatures that nobody can check")
    return f"tree of {head.size} leaves"


def inclusion(chain: Chain) -> str:
    """Check that every entry is a leaf under the checkpoint, at its index."""
    head = chain.head
    for entry, envelope in chain.public:
        signed = hashlib.sha256(envelope.signed).digest()
        if leaf.body(signed, envelope.signature, entry.verifier) != entry.leaf:
            raise CheckError(f"the leaf of a {entry.kind} is not that of its statement")
    for entry in chain.bundle.entries:
        if leaf.verifier(entry.leaf) != entry.verifier:
            raise CheckError(f"the leaf of a {entry.kind} names another key")
        tree.verify_inclusion(
            tree.leaf_hash(entry.leaf), entry.index, head.size, entry.proof, head.root
        )
    return f"{len(chain.bundle.entries)} of {len(chain.bundle.entries)} leaves"


def signatures(chain: Chain) -> str:
    """Check every statement's signature, and that only receipts and suites are withheld."""
    for entry in chain.bundle.entries:
        if entry.envelope is None and entry.kind not in _MAY_BE_WITHHELD:
            raise CheckError(f"a {entry.kind} is withheld")
    for logged in chain.statements:
        logged.envelope.check_signature(logged.verifier)
    return f"{len(chain.statements)} of {len(chain.statements)} statements"


def signers(chain: Chain) -> str:
    """Check that each statement was signed by whom it must be: the server, or a named party."""
    server = chain.trust_root.server_key
    parties = chain.protocol["parties"]
    party_keys = {role: parties[role]["key_id"].digest() for role in ("auditor", "vendor")}
    if keys.key_id(server) in party_keys.values():
        raise CheckError("the server's key is also a party's")
    for entry in chain.bundle.entries:
        if entry.kind in _BY_SERVER and entry.verifier != server:
            raise CheckError(f"a {entry.kind} is signed by another key than the server's")
    for logged in chain.statements:
        if logged.kind not in _BY_PARTY:
            continue
        role = logged.predicate["role"].text()
        if keys.key_id(logged.verifier) != party_keys.get(role):
            raise CheckError(f"a {logged.kind} is signed by another key than its party's")
    return f"auditor {party_keys['auditor']}, vendor {party_keys['vendor']}"
