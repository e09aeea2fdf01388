import json

from hypothesis import given
from hypothesis import strategies as st

from harness.documents import canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INTEGERS = st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_is_read_back(value):
    data = canonical.dumps(value)
    assert canonical.loads(data) == value
    assert canonical.dumps(canonical.loads(data)) == data


@given(VALUES)
def test_the_only_encoding_read_is_the_canonical_one(value):
    data = canonical.dumps(value)
    for other in (json.dumps(value).encode(), json.dumps(value, indent=1).encode(), data + b" "):
        if other != data:
            try:
                canonical.loads(other)
            except canonical.CanonicalError:
                continue
            raise AssertionError


@given(st.binary(max_size=60) | st.text('[]{}",:0123456789.eE-+ntfalsru\\', max_size=40))
def test_any_bytes_are_read_canonically_or_refused_with_our_error(data):
    raw = data if isinstance(data, bytes) else data.encode()
    try:
        value = canonical.loads(raw)
    except canonical.CanonicalError:
        return
    assert canonical.dumps(value) == raw
