import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.wire import ScoreRow
from sandbox.scores import ScoreBook, ScoreViolation
from sandbox.spec import Score, ScoreField, ScoreSchema

SCHEMA = ScoreSchema(
    sample_ids=("b", "a", "c"),
    epochs=2,
    fields=(ScoreField("correct", 0, 1), ScoreField("grade", -3, 3)),
)


def row(sample="a", epoch=0, **values):
    return ScoreRow(sample, epoch, values or {"grade": 2, "correct": 1})


def every_row():
    return [row(sample, epoch) for sample in SCHEMA.sample_ids for epoch in range(SCHEMA.epochs)]


def code_of(book, bad):
    with pytest.raises(ScoreViolation) as caught:
        book.add(bad)
    return caught.value.code


def test_a_full_book_hands_over_every_row_in_order_of_sample_and_epoch():
    book = ScoreBook(SCHEMA)
    for given_row in reversed(every_row()):
        book.add(given_row)
    assert book.rows == book.expected == 6
    assert book.close(6) == tuple(
        Score(sample, epoch, (1, 2)) for sample in range(3) for epoch in range(2)
    )


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (row("zz"), "unknown_sample"),
        (row(epoch=2), "bad_epoch"),
        (row(epoch=-1), "bad_epoch"),
        (row(correct=1), "wrong_fields"),
        (row(correct=1, grade=0, more=0), "wrong_fields"),
        (row(correct=2, grade=0), "out_of_range"),
        (row(correct=1, grade=-4), "out_of_range"),
    ],
)
def test_a_bad_row_is_refused_and_closes_the_book(bad, code):
    book = ScoreBook(SCHEMA)
    assert code_of(book, bad) == code
    assert code_of(book, row()) == "closed"
    with pytest.raises(ScoreViolation, match="closed"):
        book.close(0)


def test_a_row_is_written_once():
    book = ScoreBook(SCHEMA)
    book.add(row())
    assert code_of(book, row(correct=0, grade=0)) == "duplicate"


@pytest.mark.parametrize(("held", "said", "code"), [(6, 5, "wrong_count"), (5, 5, "incomplete")])
def test_the_count_must_be_what_is_held_and_what_is_expected(held, said, code):
    book = ScoreBook(SCHEMA)
    for given_row in every_row()[:held]:
        book.add(given_row)
    with pytest.raises(ScoreViolation) as caught:
        book.close(said)
    assert caught.value.code == code


def test_a_book_is_handed_over_once():
    book = ScoreBook(SCHEMA)
    for given_row in every_row():
        book.add(given_row)
    book.close(6)
    with pytest.raises(ScoreViolation, match="closed"):
        book.close(6)


_rows = st.builds(
    ScoreRow,
    st.sampled_from(["a", "b", "c", "d"]),
    st.integers(-1, 2),
    st.fixed_dictionaries({"correct": st.integers(-1, 2)}, optional={"grade": st.integers(-4, 4)}),
)


@given(st.lists(_rows, max_size=12))
def test_whatever_comes_only_valid_rows_are_ever_held(rows):
    book = ScoreBook(SCHEMA)
    accepted = 0
    for given_row in rows:
        try:
            book.add(given_row)
        except ScoreViolation:
            break
        accepted += 1
        assert 0 <= given_row.values["correct"] <= 1
        assert -3 <= given_row.values["grade"] <= 3
    assert book.rows == accepted
