"""The tree against vectors of transparency-dev/merkle, which nobody here wrote."""

import base64
import json
import os
from pathlib import Path

from harness.tlog import errors, tree
from tests.support.missing import missing

_ROOT = Path(__file__).parents[2]
_VECTORS = (
    Path(os.environ.get("ASSAY_SHARED_DATA", _ROOT.parent / "shared" / "data")) / "merkle-vectors"
)
_COUNT = 98
# Its placeholder roots are 12 bytes long; our check for 32 stays.
_PLACEHOLDER_ROOTS = "sizes are equal (one) and proof is empty"


def _load(kind):
    if not _VECTORS.is_dir():
        message = "the Merkle vectors are missing: set ASSAY_SHARED_DATA to the shared data"
        missing(message)
    return {
        str(path.relative_to(_VECTORS)): json.loads(path.read_text())
        for path in sorted((_VECTORS / kind).rglob("*.json"))
    }


def _bytes(vector, name):
    return base64.b64decode(vector[name], validate=True)


def _proof(vector):
    return [base64.b64decode(item, validate=True) for item in vector["proof"] or []]


def _accepted(verify, *arguments):
    try:
        verify(*arguments)
    except errors.ProofError:
        return False
    return True


def test_inclusion_vectors():
    vectors = _load("inclusion")
    wrong = [
        name
        for name, v in vectors.items()
        if _accepted(
            tree.verify_inclusion,
            _bytes(v, "leafHash"),
            v["leafIdx"],
            v["treeSize"],
            _proof(v),
            _bytes(v, "root"),
        )
        is v["wantErr"]
    ]
    assert wrong == []
    assert len(vectors) == _COUNT


def test_consistency_vectors():
    vectors = {n: v for n, v in _load("consistency").items() if v["desc"] != _PLACEHOLDER_ROOTS}
    wrong = [
        name
        for name, v in vectors.items()
        if _accepted(
            tree.verify_consistency,
            v["size1"],
            v["size2"],
            _proof(v),
            _bytes(v, "root1"),
            _bytes(v, "root2"),
        )
        is v["wantErr"]
    ]
    assert wrong == []
    assert len(vectors) == _COUNT - 1
