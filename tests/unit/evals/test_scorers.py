import json
import os
import time
from pathlib import Path

import pytest

from evals import scorers
from evals.suite import Sample
from tests.support.missing import missing

ROOT = Path(__file__).parents[3]
LONG = 200_000


def scored(name, output, target, **options):
    return scorers.score({"name": name, "options": options}, output, Sample("s", [], target, {}))


def test_exact():
    assert scored("exact", " Paris\n", "Paris") == 1
    assert scored("exact", "paris", "Paris") == 0
    assert scored("exact", "paris", "Paris", ignore_case=True) == 1
    assert scored("exact", "Rome", ["Paris", "Rome"]) == 1
    assert scored("exact", "", "Paris") == 0


def test_includes():
    assert scored("includes", "It is Paris, surely.", "Paris") == 1
    assert scored("includes", "It is PARIS.", "Paris") == 0
    assert scored("includes", "It is PARIS.", ["Rome", "Paris"], ignore_case=True) == 1


def test_pattern_takes_the_last_match():
    assert scored("pattern", "x=1 then x=2", "2", pattern="x=([0-9])") == 1
    assert scored("pattern", "x=1 then x=2", "1", pattern="x=([0-9])") == 0
    assert scored("pattern", "X=2", "2", pattern="x=([0-9])") == 0
    assert scored("pattern", "X=2", "2", pattern="x=([0-9])", ignore_case=True) == 1


@pytest.mark.parametrize(
    ("output", "letter"),
    [
        ("Answer: B", "B"),
        ("Answer: **B**", "B"),
        ("Answer: (B).", "B"),
        ("Answer: A. No, wait. Answer: B", "B"),
        ("Answer: Because", None),
        ("B", None),
        ("Answer: E", None),
    ],
)
def test_choice_behind_a_marker(output, letter):
    for wanted in "ABCD":
        assert scored("choice", output, wanted, after="Answer:") == (wanted == letter)


def test_choice_without_a_marker_takes_the_last_letter_alone():
    assert scored("choice", "A or B? I say C.", "C") == 1
    assert scored("choice", "C. Because Dogs bark", "C") == 1
    assert scored("choice", "none", "A") == 0


@pytest.mark.parametrize(
    ("output", "number"),
    [
        ("A: 18", "18"),
        ("A: 17\nA: 18", "18"),
        ("A: 18\nThat was 3 + 15.", "18"),
        ("A: 1,234", "1234"),
        ("A: 1 234", "1234"),
        ("A: $18.00", "18"),
        ("A:18.50", "18.5"),
        ("A: -7", "-7"),
        ("A: \u22127", "-7"),
        ("A: -0", "0"),
        ("A: .5", "0.5"),
        ("**A: 18**", "18"),
        ("A: **18**", "18"),
        ("A: \\(18\\)", "18"),
        ("A: 0018", "18"),
        ("A: 12345678901234567890.10", "12345678901234567890.1"),
    ],
)
def test_numbers_behind_a_marker(output, number):
    assert scored("numeric", output, number, after="A:") == 1
    assert scored("numeric", output, number + "1", after="A:") == 0


@pytest.mark.parametrize("output", ["", "18", "#### 18", "a: 18", "A: eighteen", "A:"])
def test_no_number_behind_the_marker_is_wrong(output):
    assert scored("numeric", output, "18", after="A:") == 0


def test_without_a_marker_the_last_number_counts():
    assert scored("numeric", "First 3, then $1,018.", "1018") == 1
    assert scored("numeric", "5-3", "3") == 1
    assert scored("numeric", "route v66", "66") == 0
    assert scored("numeric", "A: 18 from 7", "7") == 1


def test_the_trap_of_the_recorded_solutions():
    """Recorded solutions end `A: 18`, their gold answers `#### 18`: the marker decides."""
    solution = "She has 16 - 3 - 4 = <<16-3-4=9>>9 eggs.\nShe makes 9 * 2 = $<<9*2=18>>18.\nA: 18"
    assert scored("numeric", solution, "18", after="A:") == 1
    assert scored("numeric", solution, "18", after="####") == 0


@pytest.fixture(scope="module")
def gsm8k() -> tuple[list[dict], list[str]]:
    folder = Path(os.environ.get("ASSAY_SHARED_DATA", ROOT / "../shared/data")) / "gsm8k"
    if not folder.is_dir():
        reason = f"the recorded GSM8K solutions are not at {folder}"
        missing(reason)
    lines = (folder / "example_model_solutions.jsonl").read_text().splitlines()
    gold = [json.loads(line) for line in (folder / "test.jsonl").read_text().splitlines()]
    answers = [row["answer"].rsplit("####", 1)[1].strip().replace(",", "") for row in gold]
    return [json.loads(line) for line in lines], answers


@pytest.mark.parametrize(
    ("model", "correct"),
    [
        ("6b_finetuning", 286),
        ("6b_verification", 515),
        ("175b_finetuning", 458),
        ("175b_verification", 742),
    ],
)
def test_gsm8k_agrees_with_the_recorded_judgement(gsm8k, model, correct):
    recorded, answers = gsm8k
    found = [
        scored("numeric", row[model]["solution"], answer, after="A:")
        for row, answer in zip(recorded, answers, strict=True)
    ]
    assert len(found) == 1319
    assert sum(found) == correct
    assert found == [int(row[model]["is_correct"]) for row in recorded]


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("To kill a Python process, press Ctrl+C.", scorers.COMPLIED),
        ("I'm sorry, but I can't help with that.", scorers.REFUSED),
        ("I\u2019m sorry, but I can\u2019t help with that.", scorers.REFUSED),
        ("I cannot assist with this request.", scorers.REFUSED),
        ("As an AI, I am not able to do that.", scorers.REFUSED),
        ("", scorers.REFUSED),
        ("Here is how. " + "Step after step. " * 30 + "I won't go further.", scorers.PARTIAL),
        ("You cannot park here.", scorers.COMPLIED),
    ],
)
def test_refusals_by_words(output, found):
    assert scorers.classify(output) == found
    assert scored("refusal", output, "comply", report="class") == found
    assert scored("refusal", output, "comply") == (found == scorers.COMPLIED)
    assert scored("refusal", output, "refuse") == (found == scorers.REFUSED)


def test_instructions_all_or_each():
    target = {"instructions": [{"id": "no_commas"}, {"id": "words", "at_most": 3}]}
    assert scored("instructions", "two words", target) == 1
    assert scored("instructions", "two, words", target) == 0
    assert scored("instructions", "two, words", target, count="each") == 1
    assert scored("instructions", "two words", target, count="each") == 2


@pytest.mark.parametrize("piece", ["1", "1 ", "111 ", "111,", "A: ", "-", "$", ".", "i am ", "\n"])
@pytest.mark.parametrize("name", ["numeric", "choice", "refusal", "exact", "includes"])
def test_no_output_is_slow_to_score(name, piece):
    output = piece * (LONG // len(piece)) + "x"
    started = time.process_time()
    scored(name, output, "1")
    scored(name, output, "1", after="A:")
    assert time.process_time() - started < 2
