import pytest

from harness.tlog import errors, tree

_LEAVES = [tree.leaf_hash(b"%d" % n) for n in range(7)]
_ROOT = tree.root(_LEAVES)


def test_empty_tree_is_the_hash_of_nothing():
    assert tree.root([]).hex() == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


def test_leaf_hash_of_an_empty_leaf():
    assert tree.leaf_hash(b"").hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )


def test_an_inner_node_is_no_leaf():
    left, right = _LEAVES[:2]
    assert tree.leaf_hash(left + right) != tree.node_hash(left, right)


@pytest.mark.parametrize("index", [-1, 7])
def test_no_proof_for_a_leaf_that_is_not_there(index):
    with pytest.raises(IndexError):
        tree.inclusion_proof(_LEAVES, index)


@pytest.mark.parametrize("size", [0, -1, 8])
def test_no_proof_for_a_size_that_never_was(size):
    with pytest.raises(IndexError):
        tree.consistency_proof(_LEAVES, size)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_hashes_of_another_length_are_refused(length):
    proof = tree.inclusion_proof(_LEAVES, 2)
    proof[1] = bytes(length)
    with pytest.raises(errors.ProofError, match="32 bytes"):
        tree.verify_inclusion(_LEAVES[2], 2, 7, proof, _ROOT)


def test_nothing_is_consistent_with_an_empty_tree():
    with pytest.raises(errors.ProofError, match="sizes"):
        tree.verify_consistency(0, 7, [], tree.EMPTY_ROOT, _ROOT)


def test_a_log_does_not_shrink():
    proof = tree.consistency_proof(_LEAVES, 4)
    with pytest.raises(errors.ProofError, match="sizes"):
        tree.verify_consistency(7, 4, proof, _ROOT, tree.root(_LEAVES[:4]))


def test_equal_sizes_need_equal_roots_and_no_proof():
    tree.verify_consistency(7, 7, [], _ROOT, _ROOT)
    with pytest.raises(errors.ProofError, match="one size"):
        tree.verify_consistency(7, 7, [], _ROOT, tree.root(_LEAVES[:6]))
    with pytest.raises(errors.ProofError, match="one size"):
        tree.verify_consistency(7, 7, [_ROOT], _ROOT, _ROOT)
