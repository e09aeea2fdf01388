"""The guest's own client, as the runner uses it, through the real gateway."""

import asyncio

import pytest

from evals import client
from evals.wire import ScoreRow
from tests.integration.gateway.scripted_vendor import normal, status

ROWS = [(sample, epoch) for sample in ("s0", "s1") for epoch in range(2)]


async def one(sample, epoch):
    answer = await client.chat("target", [{"role": "user", "content": sample}], {"max_tokens": 16})
    await client.post_score(ScoreRow(sample, epoch, {"correct": int(answer == sample), "n": epoch}))


async def finish():
    await client.end(len(ROWS))


def test_a_whole_run(vendor, gateway):
    async def echo(wire, seen):
        await asyncio.sleep(0.01)
        await normal(seen.body["messages"][0]["content"])(wire, seen)

    vendor.default = echo
    client.drive(gateway.socket, [one(*row) for row in ROWS])
    client.drive(gateway.socket, [finish()])
    assert gateway.process.wait(30) == 0
    end = gateway.wait_for("end")
    assert end["scores"] == [[s, e, [1, e]] for s in range(2) for e in range(2)]
    assert vendor.most_in_flight > 1


@pytest.mark.parametrize(("after", "code"), [("failed", 502), ("denied", 402)])
def test_a_call_without_an_answer_has_a_constant_code(vendor, launch, after, code):
    changes = {"not_after": 0.0, "not_before": -1.0} if code == 402 else {"retries": 0}
    gateway = launch(vendor.base_url, **changes)
    if code == 502:
        gateway.ask()
    vendor.default = status("500 Internal Server Error")
    found = []

    async def task():
        try:
            await client.chat("target", [{"role": "user", "content": "x"}])
        except client.ModelError as error:
            found.append(str(error))

    client.drive(gateway.socket, [task()])
    assert found == [after]
