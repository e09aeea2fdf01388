"""Both sides of a comparison must do the same work, and the mock vendor must not slow it."""

import json

from benchmarks.children import run_module, upstream
from benchmarks.direct import is_right
from benchmarks.questions import prompt, questions, suite_files
from benchmarks.upstream import ANSWER
from evals import manifest
from harness.documents.authoring import compile_suite


def test_the_plain_loop_asks_everything_and_scores_it():
    with upstream(0) as vendor:
        _, told = run_module(
            "benchmarks.direct",
            *("--base-url", vendor.base_url, "--samples", "60", "--concurrency", "8"),
        )
        asked, first_ns = vendor.stats()
        assert vendor.stats() == (0, 0)
    assert told["right"] == sum(question.target == "7" for question in questions(60)) == 5
    assert asked == 60
    assert first_ns > 0


def test_the_plain_loop_scores_by_the_last_marked_number():
    assert is_right(ANSWER, "7")
    assert is_right("A: 3\nA: 1,207", "1207.0")
    assert not is_right("the answer is 7", "7")


def test_the_sandbox_gets_the_very_same_questions():
    files = compile_suite(suite_files(24))
    suite = manifest.parse(files["suite.json"])
    rows = [json.loads(line) for line in files["samples.jsonl"].splitlines()]
    assert [sample.id for sample in suite.samples] == [question.id for question in questions(24)]
    assert [suite.template.replace("{prompt}", row["prompt"]) for row in rows] == [
        prompt(question) for question in questions(24)
    ]
