"""Writes a gigabyte to standard output and to standard error, faster than anybody reads.

Hopes to fill the disk with the engine's logs, or to stall the engine's calls behind a reader that
does not keep up. The output should go nowhere, and the run go on as if nothing had been said.
"""

import os

from evals import client, wire

SIZE = 1 << 30
PIECE = b"x" * (1 << 16)

for number in range(SIZE // len(PIECE)):
    os.write(1 + number % 2, PIECE)
client.drive(
    "/assay/gateway.sock",
    [client.post_score(wire.ScoreRow(name, 0, {"correct": 1})) for name in ("s0", "s1")],
)
client.drive("/assay/gateway.sock", [client.end(2)])
