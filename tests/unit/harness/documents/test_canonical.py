import hashlib

import pytest

from harness.documents import canonical


def test_keys_are_sorted_by_utf16_and_nothing_is_spaced():
    # U+1F600 sorts before U+FB33 in UTF-16 and after it by code point: the RFC asks for UTF-16.
    value = {"\ufb33": 1, "\U0001f600": [True, None, -3], "a": "é\n"}
    expected = '{"a":"é\\n","\U0001f600":[true,null,-3],"\ufb33":1}'
    assert canonical.dumps(value) == expected.encode()


def test_digest_is_the_sha256_of_the_bytes():
    assert canonical.digest(b"abc") == "sha256:" + hashlib.sha256(b"abc").hexdigest()


class _Loud(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), {1: 2}, {"a": {2}}, b"x", _Loud("x"), 2**53, -(2**53), "\ud800"],
)
def test_foreign_values_are_not_written(value):
    with pytest.raises(canonical.CanonicalError):
        canonical.dumps(value)


def test_depth_is_limited_both_ways():
    deep = current = []
    for _ in range(40):
        current.append([])
        current = current[0]
    with pytest.raises(canonical.CanonicalError, match="deeply"):
        canonical.dumps(deep)
    with pytest.raises(canonical.CanonicalError, match="deeply"):
        canonical.loads(b"[" * 100_000)
    brackets_in_a_string = canonical.dumps("[" * 1000)
    assert canonical.loads(brackets_in_a_string) == "[" * 1000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a":1,"a":1}', "twice"),
        (b'{"a":1,"\\u0061":2}', "twice"),
        (b"1.0", "not an integer"),
        (b"1e3", "not an integer"),
        (b"NaN", "not an integer"),
        (b"-Infinity", "not an integer"),
        (b"9" * 5000, "integer"),
        (b"9007199254740992", "integer"),
        (b"-0", "canonical form"),
        (b'{"a": 1}', "canonical form"),
        (b'{"b":1,"a":1}', "canonical form"),
        (b'"\\u0061"', "canonical form"),
        (b'"\\ud800"', "Unicode"),
        (b"[1]\n", "canonical form"),
        (b"\xef\xbb\xbf[1]", "JSON"),
        (b'"\xff"', "UTF-8"),
        (b"", "JSON"),
        (b"[1", "JSON"),
    ],
)
def test_only_the_canonical_form_is_read(data, reason):
    with pytest.raises(canonical.CanonicalError, match=reason):
        canonical.loads(data)


def test_size_is_capped():
    assert canonical.loads(b'"abc"', max_bytes=5) == "abc"
    with pytest.raises(canonical.CanonicalError, match="large"):
        canonical.loads(b'"abcd"', max_bytes=5)


def test_messages_never_quote_the_document():
    with pytest.raises(canonical.CanonicalError) as caught:
        canonical.loads(b'{"secret":1,"secret":1}')
    assert "secret" not in str(caught.value)
