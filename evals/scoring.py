"""Scores what was generated: fetches each output, scores it, hands the row over, says the end.

Exit status as of `evals.runner`. This process holds outputs and runs no suite code; metrics of
the suite's own program are asked of a worker (`evals.workers`).
"""

from collections.abc import Mapping

from evals import client, scorers, suite, wire
from evals.metrics import PROGRAM_SCORER, Metric
from evals.workers import Feeder


async def score_all(
    order: list[tuple[int, int]], loaded: suite.Suite, feeder: Feeder | None
) -> None:
    """Score every sample and epoch in this order.

    Raises GatewayError, and NoWorker when workers are needed and there are none.
    """
    # The host takes one connection in this phase: ours, before the first worker exists.
    await client.greet()
    for epoch, place in order:
        sample = loaded.sample(place)
        end = feeder.worker(place) if feeder is not None else None
        try:
            output = await client.get_output(sample.id, epoch)
            own = None
            if output is not None and feeder is not None and end is not None:
                own = feeder.ask(end, output)
        finally:
            if end is not None:
                end.close()
        values = {
            metric.id: _value(metric, output, sample, own) for metric in loaded.manifest.metrics
        }
        await client.post_score(wire.ScoreRow(sample.id, epoch, values))
    await client.end(len(order))


def _value(metric: Metric, output: str | None, sample: suite.Sample, own: object) -> int:
    """No answer, and no valid verdict of the suite's program, is the declared worst score."""
    if output is None:
        return metric.worst
    if metric.scorer["name"] != PROGRAM_SCORER:
        return scorers.score(metric.scorer, output, sample)
    value = own.get(metric.id) if isinstance(own, Mapping) else None
    if type(value) is not int or not metric.lo <= value <= metric.hi:
        return metric.worst
    return value
