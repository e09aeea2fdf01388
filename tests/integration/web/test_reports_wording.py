import pytest

from harness.documents.report_body import Run
from harness.tlog.verify import verify
from web import wording


def run(ordinal, of, *outcomes):
    line = [{"ordinal": n, "outcome": outcome} for n, outcome in enumerate(outcomes, 1)]
    value = {"id": "a1", "ordinal": ordinal, "of": of, "attempt_line": tuple(line)}
    return Run.model_validate(value)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th")),
        *((13, "13th"), (21, "21st"), (101, "101st"), (111, "111th"), (1002, "1002nd")),
    ],
)
def test_ordinals(number, text):
    assert wording.ordinal(number) == text


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (run(1, 1, "RELEASED"), "1st of 1 agreed attempt, no other"),
        (run(2, 3, "FAILED", "RELEASED"), "2nd of 3 agreed attempts: 1 failed"),
        (
            run(3, 3, "FAILED", "RELEASED", "RELEASED"),
            "3rd of 3 agreed attempts: 1 failed, 1 released another report",
        ),
        (run(1, 2, "RELEASED", "PENDING"), "1st of 2 agreed attempts: 1 not ended yet"),
        (
            run(3, 2, "REFUNDED", "FAILED", "RELEASED"),
            "2nd of 2 agreed attempts: 1 failed, 1 refunded before any reply, not counted",
        ),
    ],
)
def test_the_attempt_line_in_words(line, text):
    assert wording.attempt_line(line) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((-5, "0 s"), (0.9, "0 s"), (40, "40 s"), (65, "1 min 5 s"), (7500, "2 h 5 min")),
        *((3600, "1 h"), (3605, "1 h"), (90_000, "1 d 1 h"), (86_400 * 30, "30 d")),
    ],
)
def test_durations_in_their_two_largest_units(seconds, text):
    assert wording.duration(seconds) == text


def test_counts_with_their_nouns():
    assert wording.counted(1, "sample") == "1 sample"
    assert wording.counted(1319, "sample") == "1,319 samples"
    assert wording.counted(2, "check fails", "checks fail") == "2 checks fail"


def test_lists_as_sentences_have_them():
    assert wording.listed(["a"]) == "a"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert wording.listed([]) == "none"


def test_every_check_of_the_verifier_has_its_words():
    assert {check.name for check in verify(b"", None).checks} == set(wording.CHECKS)
