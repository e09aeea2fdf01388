"""No sentence of the catalog stands in a well-known public set."""

import csv
import json
import os
import re
from pathlib import Path

import pytest

from tests.support.missing import missing

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("ASSAY_SHARED_DATA", ROOT.parent / "shared" / "data"))
RUN = 8  # so many words in a row are not a coincidence


def runs(text):
    words = re.findall(r"[a-z0-9']+", text.lower())
    return {tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1)}


def lines(path, field):
    return [json.loads(line)[field] for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def published():
    if not (SHARED / "xstest").is_dir():
        message = "the public sets are missing: set ASSAY_SHARED_DATA to the shared data"
        missing(message)
    with (SHARED / "xstest" / "xstest_prompts.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["prompt"] for row in csv.DictReader(file)]
    texts += lines(SHARED / "ifeval" / "input_data_en_541.jsonl", "prompt")
    texts += lines(SHARED / "gsm8k" / "test.jsonl", "question")
    assert len(texts) == 450 + 541 + 1319
    return {re.sub(r"\W+", " ", text.lower()).strip() for text in texts}, {
        run for text in texts for run in runs(text)
    }


def test_no_prompt_is_taken_from_a_public_set(published):
    whole, parts = published
    prompts = [
        prompt
        for path in (ROOT / "evals" / "catalog").glob("*/samples.jsonl")
        for prompt in lines(path, "prompt")
    ]
    assert len(prompts) > 600
    taken = [
        prompt
        for prompt in prompts
        if runs(prompt) & parts or re.sub(r"\W+", " ", prompt.lower()).strip() in whole
    ]
    assert taken == []
