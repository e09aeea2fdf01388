"""Runs a suite's phase: ask, score, hand over one row per sample and epoch, say the end.

Exit status: 0 done, 1 denied by protocol or budget, 2 anything else.
"""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial

from evals import client, manifest, outputs, scorers, scoring, suite, wire
from evals.workers import Feeder

RUN_DIR = "/assay"
RUN_FILE = "run.json"
SOCKET = "gateway.sock"
SUITE_DIR = "suite"
ROLE = "target"
DONE, DENIED, FAILED = 0, 1, 2


def main(run_dir: str = RUN_DIR, feeder: Feeder | None = None) -> int:
    """Run the suite of a run directory and return the exit status."""
    try:
        run(run_dir, feeder)
    except client.ModelError:
        return DENIED
    except Exception:  # noqa: BLE001  # nobody reads a guest's traceback: the status is all
        return FAILED
    return DONE


def run(run_dir: str, feeder: Feeder | None = None) -> None:
    """Run the phase of a suite that the run file names.

    Raises ModelError when a call is denied, and the errors of the suite, the wire and the client.
    """
    told = wire.parse_run_file(suite.read_bytes(f"{run_dir}/{RUN_FILE}"))
    folder, socket_path = f"{run_dir}/{SUITE_DIR}", f"{run_dir}/{SOCKET}"
    if told.phase == wire.SCORE:
        loaded = suite.open_suite(folder)
        order = list(_order(told, loaded.manifest))
        client.drive(socket_path, [scoring.score_all(order, loaded, feeder)])
        return
    parameters = {name: _number(value) for name, value in told.parameters.items()}
    walk: Callable[[Iterator[tuple[int, int]]], client.Task]
    if told.phase == wire.GENERATE:
        questions = suite.open_prompts(folder)
        found = questions.manifest
        walk = partial(_ask, questions, parameters)
    else:
        loaded = suite.open_suite(folder)
        found = loaded.manifest
        walk = partial(_walk, loaded, parameters)
    places = _order(told, found)
    rows = told.epochs * len(found.samples)
    client.drive(socket_path, (walk(places) for _ in range(min(told.concurrency, rows))))
    client.drive(socket_path, [client.end(rows)])


async def _ask(
    questions: suite.Prompts, parameters: dict[str, object], order: Iterator[tuple[int, int]]
) -> None:
    for epoch, index in order:
        question = questions.sample(index)
        output = await _output(question.messages, parameters)
        await client.post_output(outputs.Output(question.id, epoch, output))


async def _walk(
    loaded: suite.Suite, parameters: dict[str, object], order: Iterator[tuple[int, int]]
) -> None:
    metrics = loaded.manifest.metrics
    for epoch, index in order:
        sample = loaded.sample(index)
        output = await _output(sample.messages, parameters)
        if output is None:
            values = {metric.id: metric.worst for metric in metrics}
        else:
            values = {metric.id: scorers.score(metric.scorer, output, sample) for metric in metrics}
        await client.post_score(wire.ScoreRow(sample.id, epoch, values))


async def _output(messages: list[dict[str, str]], parameters: dict[str, object]) -> str | None:
    """What the model says; None for a call without an answer. Raises ModelError when denied."""
    try:
        return await client.chat(ROLE, messages, parameters)
    except client.ModelError as error:
        if error.args[0] == "denied":
            raise
        return None


def _order(told: wire.RunFile, found: manifest.Manifest) -> Iterator[tuple[int, int]]:
    """Yield epoch and sample, each epoch in an order of its own, the same on any machine."""
    for epoch in range(told.epochs):
        prefix = f"{told.order_seed}/{epoch}/"
        places = [
            hashlib.sha256((prefix + sample.id).encode()).digest() for sample in found.samples
        ]
        for index in sorted(range(len(places)), key=places.__getitem__):
            yield epoch, index


def _number(value: wire.Parameter) -> object:
    if isinstance(value, str) and wire.is_decimal(value):
        return float(value) if "." in value else int(value)
    return value
