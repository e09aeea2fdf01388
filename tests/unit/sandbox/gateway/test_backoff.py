import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.gateway.backoff import pause, retry_after


def test_the_pause_doubles():
    pauses = [pause(n, base=1, cap=100, jitter=0.999999) for n in (1, 2, 3)]
    assert pauses == pytest.approx([1, 2, 4], rel=1e-5)


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_pause_stays_between_half_and_all_of_its_cap(attempt, jitter):
    rest = pause(attempt, base=0.5, cap=8, jitter=jitter)
    full = min(8, 0.5 * 2 ** min(attempt - 1, 32))
    assert full / 2 <= rest <= full


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (b"7", 7.0),
        (b" 0 ", 0.0),
        (b"", None),
        (b"-1", None),
        (b"1.5", None),
        (b"9999999", None),
        (b"\xb2", None),
        (b"Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_only(header, seconds):
    assert retry_after(header) == seconds
