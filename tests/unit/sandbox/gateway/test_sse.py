from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.gateway.sse import EventReader, EventTooLarge

STREAM = (
    b': hello\r\nevent: x\ndata: {"a":1}\n\ndata:b\ndata: c\r\n\r\n'
    b"id: 4\n\ndata: [DONE]\n\ndata: open"
)
EVENTS = [b'{"a":1}', b"b\nc", b"[DONE]"]


def test_only_the_data_of_whole_events_is_kept():
    assert EventReader(1000).feed(STREAM) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_however_the_bytes_are_cut_the_events_are_the_same(cuts):
    edges = [0, *sorted(cuts), len(STREAM)]
    reader = EventReader(1000)
    found = []
    for start, end in pairwise(edges):
        found += reader.feed(STREAM[start:end])
    assert found == EVENTS


@given(st.binary(max_size=300), st.integers(1, 50))
def test_no_more_is_held_than_the_cap(data, step):
    reader = EventReader(64)
    for start in range(0, len(data), step):
        try:
            reader.feed(data[start : start + step])
        except EventTooLarge:
            return
        assert reader._line_size + reader._data_size <= 64


@pytest.mark.parametrize("piece", [b"data: xxxxxxx", b"data: x\n", b"x"])
def test_an_event_without_end_is_refused(piece):
    reader = EventReader(100)
    fed = 0
    while fed < 200:
        try:
            reader.feed(piece)
        except EventTooLarge:
            break
        fed += 1
    assert 7 <= fed <= 100
