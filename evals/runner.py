"""Runs a declarative suite: ask, score, hand over one row per sample and epoch, say the end.

Exit status: 0 done, 1 denied by protocol or budget, 2 anything else.
"""

import hashlib
from collections.abc import Iterator

from evals import client, manifest, scorers, suite, wire

RUN_DIR = "/assay"
RUN_FILE = "run.json"
SOCKET = "gateway.sock"
SUITE_DIR = "suite"
ROLE = "target"
DONE, DENIED, FAILED = 0, 1, 2


def main(run_dir: str = RUN_DIR) -> int:
    """Run the suite of a run directory and return the exit status."""
    try:
        run(run_dir)
    except client.ModelError:
        return DENIED
    except Exception:  # noqa: BLE001  # nobody reads a guest's traceback: the status is all
        return FAILED
    return DONE


def run(run_dir: str) -> None:
    """Run the suite of a run directory.

    Raises ModelError when a call is denied, and the errors of the suite, the wire and the client.
    """
    told = wire.parse_run_file(suite.read_bytes(f"{run_dir}/{RUN_FILE}"))
    loaded = suite.open_suite(f"{run_dir}/{SUITE_DIR}")
    order = _order(told, loaded.manifest)
    rows = told.epochs * len(loaded.rows)
    socket_path = f"{run_dir}/{SOCKET}"
    parameters = {name: _number(value) for name, value in told.parameters.items()}
    tasks = (_walk(order, loaded, parameters) for _ in range(min(told.concurrency, rows)))
    client.drive(socket_path, tasks)
    client.drive(socket_path, [client.end(rows)])


async def _walk(
    order: Iterator[tuple[int, int]], loaded: suite.Suite, parameters: dict[str, object]
) -> None:
    metrics = loaded.manifest.metrics
    for epoch, index in order:
        sample = loaded.sample(index)
        try:
            output = await client.chat(ROLE, sample.messages, parameters)
        except client.ModelError as error:
            if error.args[0] == "denied":
                raise
            values = {metric.id: metric.worst for metric in metrics}
        else:
            values = {metric.id: scorers.score(metric.scorer, output, sample) for metric in metrics}
        await client.post_score(wire.ScoreRow(sample.id, epoch, values))


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
