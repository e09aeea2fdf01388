"""The Merkle tree of the log: RFC 6962, section 2.1, with SHA-256.

A leaf's hash and an inner node's hash start with different bytes, so that neither can be passed
off as the other. Hashes are exactly 32 bytes everywhere; indices count from 0. The verifying
functions follow RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

import hashlib
from collections.abc import Iterator, Sequence

from harness.tlog.errors import ProofError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(body: bytes) -> bytes:
    """Hash one leaf's bytes."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node from the hashes of its children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Hash of the whole tree; of an empty one, the hash of nothing."""
    if not leaf_hashes:
        return EMPTY_ROOT
    return _subtree(leaf_hashes, 0, len(leaf_hashes))


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Path from leaf `index` to the root, lowest sibling first.

    Raises IndexError when there is no such leaf.
    """
    if not 0 <= index < len(leaf_hashes):
        raise IndexError("the tree has no such leaf")
    proof = []
    start, end = 0, len(leaf_hashes)
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_subtree(leaf_hashes, middle, end))
            end = middle
        else:
            proof.append(_subtree(leaf_hashes, start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(leaf_hashes: Sequence[bytes], size: int) -> list[bytes]:
    """Proof that the first `size` leaves were the tree once. Raises IndexError for size 0."""
    if not 0 < size <= len(leaf_hashes):
        raise IndexError("the tree never had this size")
    proof = []
    start, end = 0, len(leaf_hashes)
    # Whether the old tree is, so far, exactly the left edge: then its root needs no mention.
    at_edge = True
    while size - start != end - start:
        middle = start + _split(end - start)
        if size <= middle:
            proof.append(_subtree(leaf_hashes, middle, end))
            end = middle
        else:
            proof.append(_subtree(leaf_hashes, start, middle))
            start = middle
            at_edge = False
    if not at_edge:
        proof.append(_subtree(leaf_hashes, start, end))
    return proof[::-1]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root_hash: bytes
) -> None:
    """Check that the leaf hash stands at `index` in the tree of `size` leaves.

    Raises ProofError.
    """
    _check_hashes(leaf, root_hash, *proof)
    if not 0 <= index < size:
        raise ProofError("the index is outside the tree")
    node = leaf
    for sibling, is_left in _climb(index, size - 1, proof):
        node = node_hash(sibling, node) if is_left else node_hash(node, sibling)
    if node != root_hash:
        raise ProofError("the proof leads to another root")


def verify_consistency(
    old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Check that the newer tree only added leaves to the older one.

    Raises ProofError; an old tree without leaves proves nothing and is refused.
    """
    _check_hashes(old_root, new_root, *proof)
    if not 0 < old_size <= new_size:
        raise ProofError("the sizes are not those of an older and a newer tree")
    if old_size == new_size:
        if proof or old_root != new_root:
            raise ProofError("trees of one size must be equal, with an empty proof")
        return
    # An old tree that is a full subtree is itself the first node of the path.
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        raise ProofError("the proof is too short")
    # The path starts at the root of the largest full subtree at the old tree's right edge.
    level = (~(old_size - 1) & old_size).bit_length() - 1
    old_node = new_node = path[0]
    for sibling, is_left in _climb((old_size - 1) >> level, (new_size - 1) >> level, path[1:]):
        if is_left:
            old_node = node_hash(sibling, old_node)
        new_node = node_hash(sibling, new_node) if is_left else node_hash(new_node, sibling)
    if old_node != old_root or new_node != new_root:
        raise ProofError("the proof leads to another root")


def _climb(position: int, last: int, siblings: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    # Walk from a node to the root; tell of each sibling whether it stands on the left.
    for sibling in siblings:
        if last == 0:
            raise ProofError("the proof is too long")
        is_left = position % 2 == 1 or position == last
        yield sibling, is_left
        # A lone node at the right edge moves up without a sibling until it is a right child.
        while is_left and position % 2 == 0 and position != 0:
            position, last = position >> 1, last >> 1
        position, last = position >> 1, last >> 1
    if last != 0:
        raise ProofError("the proof is too short")


def _split(size: int) -> int:
    # The largest power of two below `size`.
    return 1 << ((size - 1).bit_length() - 1)


def _subtree(leaf_hashes: Sequence[bytes], start: int, end: int) -> bytes:
    if end - start == 1:
        return leaf_hashes[start]
    middle = start + _split(end - start)
    return node_hash(_subtree(leaf_hashes, start, middle), _subtree(leaf_hashes, middle, end))


def _check_hashes(*hashes: bytes) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise ProofError("a hash is not 32 bytes long")
