"""Whatever the bytes: the verifier answers, and a changed byte never passes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tlog import trust_root
from harness.tlog.verify import verify
from tests.unit.harness.tlog.chain import encode, honest, root_bytes

BUNDLE = honest().bundle()
PIN = trust_root.digest(root_bytes())
# A prime, so that the sample meets every bit and every phase of base64.
SAMPLE = 97
# Parts of one exhaustive search, for as many processes as there are.
PARTS = 8

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


def refused(data, pin=PIN):
    verdict = verify(data, pin)
    faults = [c.name for c in verdict.checks if c.detail == "could not be evaluated"]
    return not verdict.passed and bool(verdict.failures) and not faults


def flipped(place):
    data = bytearray(BUNDLE)
    data[place] ^= 1 << place % 8
    return bytes(data)


@given(st.binary(max_size=300), st.none() | st.text(max_size=80) | st.binary(max_size=80))
def test_any_bytes_get_an_answer(data, pin):
    assert refused(data, pin)


@given(_JSON)
def test_any_json_gets_an_answer(value):
    assert refused(json.dumps(value).encode())


@given(st.integers(0, len(BUNDLE)), st.integers(0, 40), st.binary(max_size=8))
def test_any_splice_is_noticed(start, length, insert):
    data = BUNDLE[:start] + insert + BUNDLE[start + length :]
    assert data == BUNDLE or refused(data)


def test_a_flipped_byte_is_noticed():
    assert verify(BUNDLE, PIN).passed
    assert [n for n in range(0, len(BUNDLE), SAMPLE) if not refused(flipped(n))] == []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_flipped_byte_is_noticed(part):
    assert [n for n in range(part, len(BUNDLE), PARTS) if not refused(flipped(n))] == []


def _places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _places(value[key], (*path, key))


_TREE = json.loads(BUNDLE)
_PLACES = [path for path in _places(_TREE) if path]


@given(st.sampled_from(_PLACES), _JSON)
def test_any_replaced_value_is_noticed(path, value):
    tree = json.loads(BUNDLE)
    node = tree
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    data = encode(tree)
    assert data == BUNDLE or refused(data)


_STORY = honest()
_DOCUMENTS = {
    name: [path for path in _places(json.loads(getattr(_STORY, name))) if path]
    for name in ("protocol", "report")
}


@settings(max_examples=200)
@given(st.sampled_from(["protocol", "report"]), st.data())
def test_hostile_documents_get_an_answer(name, data):
    # Signed or not, a document of any shape must end in findings, not in a fault.
    value = json.loads(getattr(_STORY, name))
    path = data.draw(st.sampled_from(_DOCUMENTS[name]))
    node = value
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = data.draw(_JSON)
    changed = encode(value)
    if changed != getattr(_STORY, name):
        assert refused(_STORY.bundle(**{name: changed}))
