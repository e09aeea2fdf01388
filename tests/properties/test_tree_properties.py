import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.tlog import errors, tree

_BODIES = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def _leaves(count):
    return [tree.leaf_hash(b"%d" % n) for n in range(count)]


def _plain_root(bodies):
    # RFC 6962 section 2.1 word for word, over the bodies.
    if not bodies:
        return hashlib.sha256(b"").digest()
    if len(bodies) == 1:
        return hashlib.sha256(b"\x00" + bodies[0]).digest()
    k = 1
    while k * 2 < len(bodies):
        k *= 2
    return hashlib.sha256(b"\x01" + _plain_root(bodies[:k]) + _plain_root(bodies[k:])).digest()


@given(_BODIES)
def test_root_equals_the_definition(bodies):
    assert tree.root([tree.leaf_hash(body) for body in bodies]) == _plain_root(bodies)


@given(st.integers(1, 70), st.data())
def test_every_leaf_is_provable_and_only_at_its_place(size, data):
    leaves = _leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(leaves, index)
    tree.verify_inclusion(leaves[index], index, size, proof, tree.root(leaves))
    other = data.draw(st.integers(0, size))
    if other != index:
        with pytest.raises(errors.ProofError):
            tree.verify_inclusion(leaves[index], other, size, proof, tree.root(leaves))


@given(st.integers(1, 70), st.data())
def test_older_trees_are_consistent(size, data):
    leaves = _leaves(size)
    old = data.draw(st.integers(1, size))
    proof = tree.consistency_proof(leaves, old)
    tree.verify_consistency(old, size, proof, tree.root(leaves[:old]), tree.root(leaves))


@given(st.integers(2, 70), st.data())
def test_a_changed_history_is_inconsistent(size, data):
    leaves = _leaves(size)
    old = data.draw(st.integers(1, size - 1))
    proof = tree.consistency_proof(leaves, old)
    forged = leaves[:old]
    forged[data.draw(st.integers(0, old - 1))] = tree.leaf_hash(b"another")
    with pytest.raises(errors.ProofError):
        tree.verify_consistency(old, size, proof, tree.root(forged), tree.root(leaves))


@given(st.integers(2, 70), st.data())
def test_a_broken_proof_is_refused(size, data):
    leaves = _leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(leaves, index)
    place = data.draw(st.integers(0, len(proof) - 1))
    flipped = bytearray(proof[place])
    flipped[data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
    broken = data.draw(
        st.sampled_from(
            [
                proof[:-1],
                proof[1:],
                [*proof, proof[0]],
                [proof[0], *proof],
                [*proof[:place], bytes(flipped), *proof[place + 1 :]],
            ]
        )
    )
    with pytest.raises(errors.ProofError):
        tree.verify_inclusion(leaves[index], index, size, broken, tree.root(leaves))
