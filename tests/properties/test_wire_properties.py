"""Whatever bytes come, the wire answers with a value or with one of its own codes."""

import json

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from evals import wire

CODES = {
    *("too_large", "bad_utf8", "bad_json", "duplicate_key", "not_int", "too_deep", "bad_text"),
    *("bad_id", "not_object", "unknown_field", "missing_field", "bad_values", "bad_name"),
    "out_of_range",
}
INTEGERS = st.integers(-wire.MAX_INT, wire.MAX_INT)
NAMES = st.from_regex(wire.NAME, fullmatch=True).filter(lambda name: name.isascii())
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


@given(st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_give_a_row_or_a_constant_code(body):
    refused = None
    try:
        row = wire.parse_score("s", body)
    except wire.WireError as error:
        refused = error
    if refused:
        assert refused.args[0] in CODES
        assert refused.__context__ is None
    else:
        assert all(type(value) is int for value in row.values.values())


@given(INTEGERS.filter(lambda n: n >= 0), st.dictionaries(NAMES, INTEGERS, min_size=1, max_size=32))
def test_rows_survive_the_wire(epoch, values):
    row = wire.ScoreRow("s", epoch, {name.strip(): value for name, value in values.items()})
    assert wire.parse_score("s", wire.encode_score(row)) == row


@given(VALUES)
def test_canonical_equals_rfc_8785(value):
    assert wire.canonical(value) == rfc8785.dumps(value)
