"""The book of outputs between two phases: complete or nothing."""

import pytest

from evals.outputs import Output
from sandbox.errors import GuestFault
from sandbox.outputs import OutputBook
from sandbox.spec import Held, ScoreSchema

SCHEMA = ScoreSchema(("a", "b"), 2, ())
WHOLE = [
    Output(name, epoch, f"{name}{epoch}" if epoch else None)
    for name in ("a", "b")
    for epoch in (0, 1)
]


def book(rows, **options):
    made = OutputBook(SCHEMA, **options)
    for row in rows:
        made.add(row)
    return made


def test_what_was_handed_over_is_passed_on():
    made = book(WHOLE)
    made.close(4)
    held = [one for batch in made.batches() for one in batch]
    assert held == [Held(0, 0, None), Held(0, 1, "a1"), Held(1, 0, None), Held(1, 1, "b1")]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (Output("c", 0, "x"), "unknown_sample"),
        (Output("a", 2, "x"), "bad_epoch"),
        (Output("a", 1, "x"), "duplicate"),
        (Output("b", 1, "\u00e9" * 6), "outputs_too_large"),
    ],
)
def test_a_bad_row_closes_the_book(row, code):
    made = book(WHOLE[:3], max_bytes=13)
    with pytest.raises(GuestFault) as caught:
        made.add(row)
    assert caught.value.code == code
    with pytest.raises(GuestFault) as caught:
        made.add(WHOLE[3])
    assert caught.value.code == "closed"
    with pytest.raises(GuestFault) as caught:
        made.close(3)
    assert caught.value.code == "closed"


@pytest.mark.parametrize(("rows", "count", "code"), [(4, 3, "wrong_count"), (3, 3, "incomplete")])
def test_an_end_that_does_not_fit(rows, count, code):
    with pytest.raises(GuestFault) as caught:
        book(WHOLE[:rows]).close(count)
    assert caught.value.code == code


def test_a_batch_stays_small_enough_for_one_line():
    schema = ScoreSchema(tuple(f"s{n}" for n in range(20)), 1, ())
    made = OutputBook(schema)
    for name in schema.sample_ids:
        made.add(Output(name, 0, "x" * 50_000))
    made.close(20)
    sizes = [sum(len(one.text) for one in batch) for batch in made.batches()]
    assert sum(sizes) == 1_000_000
    assert max(sizes) <= 200_000
