"""Agreements that hostile suites run under: signed, logged and reserved by the real services."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.records import runs
from harness.services.agreements.terms import Terms
from harness.services.runs.claim import Claim, claim
from tests.support import world as worlds
from tests.support.copies import copy
from tests.support.world import World

SISTER = "sister-university"
RUNS = 2
WINDOW_S = 120  # from the reservation to the latest end
SUITE = """\
schema: assay.suite/1
id: {id}
version: "1.0.0"
licence: MIT
title: A hostile suite
summary: Says it asks for numbers.
kind: declarative
phases: {phases}
canary: 6f1c2f52-2f7e-4a36-9b43-6d2c8f0f5e11
needs: {{roles: [target], requests_per_sample: 1, tokens_in_per_sample: 3000,
  tokens_out_per_sample: 600}}
generation: {{temperature: "0", max_tokens: 512}}
template: "{{prompt}}"
data: [{{file: samples.jsonl}}]
fields: {{id: id, prompt: prompt, target: answer{groups}}}
metrics: {metrics}
aggregates: {aggregates}
primary: {primary}
public_samples: [q0, q1, q2]
"""
CORRECT = "{id: correct, score: {type: int, lo: 0, hi: 1}, worst: 0, scorer: {name: exact}}"
OUTCOME = (
    "{id: outcome, score: {type: category, labels: [complied, refused, partial]}, worst: 2,"
    " scorer: {name: refusal, options: {report: class}}}"
)
PASSES = "{id: passes, score: {type: successes, of: 4}, worst: 0, scorer: {name: exact}}"
RATING = "{id: rating, score: {type: int, lo: -3, hi: 3}, worst: -3, scorer: {name: exact}}"
ACCURACY = "{id: accuracy, metric: correct, kind: proportion, unit: 5}"
BY_TOPIC = "{id: by_topic, metric: correct, kind: proportion, unit: 5, groups: topic}"
MIX = "{id: mix, metric: outcome, kind: histogram, unit: 5}"
PASSED = "{id: passed, metric: passes, kind: bounded_mean, unit: 5}"
RATED = "{id: rated, metric: rating, kind: bounded_mean, unit: 5}"


class Kind(NamedTuple):
    """One agreement: how many samples, in two groups or none, and what is measured and told."""

    samples: int
    metrics: tuple[str, ...]
    aggregates: tuple[str, ...]
    terms: dict[str, object]
    grouped: bool = False
    auditor: str = worlds.AUDITOR
    phases: str = "joined"


KINDS = {
    "plain": Kind(20, (CORRECT,), (ACCURACY,), {}),
    "twice": Kind(20, (CORRECT,), (ACCURACY,), {"epochs": 2}),
    "histogram": Kind(20, (OUTCOME,), (MIX,), {}),
    "passes": Kind(20, (PASSES,), (PASSED,), {}),
    "grouped": Kind(40, (CORRECT,), (ACCURACY, BY_TOPIC), {}, grouped=True),
    "mixed": Kind(20, (CORRECT, OUTCOME, RATING), (ACCURACY, MIX, RATED), {}),
    "buckets": Kind(20, (CORRECT,), (ACCURACY,), {"completeness": "buckets", "retries": 0}),
    "completion": Kind(20, (CORRECT,), (ACCURACY,), {"release": "on_completion"}),
    "elsewhere": Kind(20, (CORRECT,), (ACCURACY,), {}, auditor=SISTER),
    "separate": Kind(20, (CORRECT,), (ACCURACY,), {}, phases="separate"),
}


@dataclass(frozen=True)
class Agreement:
    """One kind, agreed and reserved: its runs as claimed by a worker, each charged `alphabet`."""

    name: str
    claims: tuple[Claim, ...]

    @property
    def alphabet(self) -> int:
        return int(self.claims[0].run.alphabet)

    @property
    def microbits(self) -> int:
        return self.claims[0].run.microbits


@dataclass(frozen=True)
class Arena:
    """All agreements; `origin` is a world at rest in which the same runs are still queued."""

    origin: World
    agreements: dict[str, Agreement]


def build(folder: Path) -> Arena:
    """A world with all agreements, and in a copy of it the claims of their runs."""
    origin = worlds.make(folder / "origin", worker_slots=64)
    origin.organisation(SISTER, "auditor", owner_group=worlds.AUDITOR)
    origin.image()
    origin.model()
    reserved = {name: reserve(origin, name) for name in KINDS}
    claimed = copy(origin, folder / "claimed", worker_slots=64)
    agreements = {
        name: Agreement(name, tuple(_claimed(claimed, run) for run in runs))
        for name, runs in reserved.items()
    }
    claimed.platform.database.close()
    return Arena(origin, agreements)


def reserve(world: World, name: str, **terms: object) -> list[str]:
    """Agree on one kind, with other terms where some are named, and reserve its runs."""
    protocol = agree(world, name, submit(world, name), **terms)
    return [world.reserve(protocol, KINDS[name].auditor) for _ in range(RUNS)]


def submit(world: World, name: str) -> str:
    """Submit the suite of a kind; its digest."""
    kind = KINDS[name]
    groups = ", groups: {topic: topic}" if kind.grouped else ""
    text = SUITE.format(
        id=name,
        groups=groups,
        phases=kind.phases,
        metrics=f"[{', '.join(kind.metrics)}]",
        aggregates=f"[{', '.join(kind.aggregates)}]",
        primary=kind.aggregates[0].split(",")[0].removeprefix("{id: "),
    )
    lines = [
        json.dumps(
            {"id": f"q{index}", "prompt": f"{name} {index}?", "answer": "comply"}
            | ({"topic": "law" if index % 2 else "art"} if kind.grouped else {})
        )
        for index in range(kind.samples)
    ]
    files = {"suite.yaml": text.encode(), "samples.jsonl": "\n".join(lines).encode()}
    return world.suite(files, kind.auditor)


def agree(world: World, name: str, digest: str, model: str = worlds.MODEL, **terms: object) -> str:
    """Agree on one kind about a model; the protocol's id."""
    kind = KINDS[name]
    usual = {
        "runs": RUNS,
        "run_wall_clock_s": WINDOW_S // 2,
        "start_within_s": WINDOW_S // 2,
        "grid_s": 10,
        "requests": 200,
        "tokens_in": 100_000,
        "tokens_out": 120_000,
        "retries": 1,
        "request_timeout_s": 12,
    }
    body = world.draft(digest, Terms(**(usual | kind.terms | terms)), model)
    protocol = world.propose(body, kind.auditor)
    world.sign(protocol)
    return protocol


def _claimed(world: World, run: str) -> Claim:
    held = claim(world.platform, run)
    assert held is not None
    assert isinstance(held.run, runs.Run)
    return held
