"""The questions of the run benchmarks; the same ones inside and outside the sandbox."""

import json
from typing import NamedTuple

TEMPLATE = "{prompt}\n\nEnd with a line `A: <number>`."


class Question(NamedTuple):
    """One sum. The mock vendor always answers 7."""

    id: str
    prompt: str
    target: str


def questions(count: int) -> list[Question]:
    """Return sums whose answers run from 1 to 12; one in twelve is 7."""
    return [
        Question(f"q{number:05d}", f"What is 1 + {number % 12}?", str(1 + number % 12))
        for number in range(count)
    ]


def prompt(question: Question) -> str:
    """Return the text that the model sees."""
    return TEMPLATE.replace("{prompt}", question.prompt)


_SUITE = """\
schema: assay.suite/1
id: bench_sums
version: "1.0.0"
licence: Apache-2.0
title: Sums
summary: Small sums for measuring the sandbox.
kind: declarative
phases: joined
canary: 2f1d8a4e-6c1b-4f0e-9d55-0c6b1a7e9f10
needs:
  roles: [target]
  requests_per_sample: 1
  tokens_in_per_sample: 400
  tokens_out_per_sample: 64
generation: {temperature: "0", max_tokens: 64}
template: "{prompt}\\n\\nEnd with a line `A: <number>`."
data: [{file: samples.jsonl}]
fields: {id: id, prompt: prompt, target: target}
metrics:
  - id: correct
    score: {type: int, lo: 0, hi: 1}
    worst: 0
    scorer: {name: numeric, options: {after: "A:"}}
aggregates:
  - {id: accuracy, metric: correct, kind: proportion, unit: 5}
primary: accuracy
public_samples: [q00000, q00001, q00002]
"""


def suite_files(count: int) -> dict[str, bytes]:
    """Return what an author would write for these questions."""
    rows = "".join(json.dumps(question._asdict()) + "\n" for question in questions(count))
    return {"suite.yaml": _SUITE.encode(), "samples.jsonl": rows.encode()}
