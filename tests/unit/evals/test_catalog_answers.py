"""Every answer of arithmetic_words, worked out again from the words of the shipped prompt."""

import json
import re
from pathlib import Path

from evals import scorers
from evals.suite import Sample

FILE = Path(__file__).resolve().parents[3] / "evals/catalog/arithmetic_words/samples.jsonl"
ROWS = [json.loads(line) for line in FILE.read_text().splitlines()]
SCORER = {"name": "numeric", "options": {"after": "A:"}}

# For each operation: what must hold between the numbers n, in the order of the text, and the
# answer x, and words that only these stories have. Nothing here comes from the generator.
PROOFS = {
    "addition": [
        (
            lambda n, x: x - n[0] == n[1],
            "plums|get on|saved|steps before|rye|years old|ducks|gravel",
        ),
        (lambda n, x: x - n[0] - n[1] == n[2], "novels|Sunday"),
    ],
    "subtraction": [
        (
            lambda n, x: x + n[1] == n[0],
            "stamps|seats|tall|rope|umbrellas|bicycle|tank|book|votes|wire",
        ),
    ],
    "multiplication": [
        (
            lambda n, x: divmod(x, n[0]) == (n[1], 0),
            "crate|swims|cinema|ticket|beans|copies|children|bricks|an hour|ferry",
        ),
    ],
    "division": [
        (
            lambda n, x: sum(n[1] for _ in range(x)) == n[0],
            "cherries|ribbon|teams|cycled|pages a day|chairs|photos",
        ),
        (lambda n, x: sum(n[0] for _ in range(x)) == n[1], "Eggs|sacks|neighbours"),
    ],
    "percentages": [
        (lambda n, x: 100 * x == n[0] * n[1], "tea|scored|by bus|tip"),
        (lambda n, x: 100 * (n[0] - x) == n[0] * n[1], "reduced|battery|died"),
        (lambda n, x: 100 * (x - n[0]) == n[0] * n[1], "grew|rises|this week"),
    ],
    "two_steps": [
        (lambda n, x: divmod(x - n[2], n[0]) == (n[1], 0), "pencils"),
        (lambda n, x: divmod(x - n[0], n[1]) == (n[2], 0), "taxi"),
        (lambda n, x: divmod(x + n[2], n[0]) == (n[1], 0), "tomatoes|types"),
        (lambda n, x: divmod(n[0] - x, n[1]) == (n[2], 0), "books at|barrel"),
        (lambda n, x: divmod(n[0] + n[1], n[2]) == (x, 0), "sweets|sheets"),
        (lambda n, x: divmod(n[0] - n[1], n[2]) == (x, 0), "hikers|jars"),
    ],
}


def sample(row):
    return Sample(row["id"], [], row["answer"], {})


def fits(row, answer):
    """Tell whether an answer fits; fail unless exactly one proof applies to the row's story."""
    (proof,) = (
        proof for proof, words in PROOFS[row["operation"]] if re.search(words, row["prompt"])
    )
    return proof([int(digits) for digits in re.findall(r"[0-9]+", row["prompt"])], answer)


def test_the_answers_fit_the_numbers_of_the_texts():
    assert len(ROWS) == 240
    assert [row["id"] for row in ROWS if not fits(row, int(row["answer"]))] == []
    assert [row["id"] for row in ROWS if fits(row, int(row["answer"]) + 1)] == []


def test_stories_read_well_and_have_a_whole_positive_answer():
    for row in ROWS:
        assert int(row["answer"]) >= 1
        assert min(int(digits) for digits in re.findall(r"[0-9]+", row["prompt"])) >= 2
        assert row["prompt"].endswith("?")
        assert not re.search(r"[{}]|  ", row["prompt"])


def test_right_answers_score_and_wrong_ones_do_not():
    for row in ROWS:
        right = int(row["answer"])
        for said in (f"A: {right}", f"12 + 9 = 21. A: {right:,}", f"A: 7\nA: **{right}**."):
            assert scorers.score(SCORER, said, sample(row)) == 1
        for said in (f"A: {right + 1}", f"A: {right}0", f"The answer is {right}", "A: many", ""):
            assert scorers.score(SCORER, said, sample(row)) == 0
