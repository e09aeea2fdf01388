"""Ignores every signal that can be ignored, and goes on after its time.

Hopes that ending a run means asking it to end. It asks itself first, says by a row that it is
still there, and should be gone with its container soon after the deadline.
"""

import os
import signal

from evals import client, wire

for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
os.kill(os.getpid(), signal.SIGTERM)
row = client.post_score(wire.ScoreRow("s0", 0, {"correct": 1}))
client.drive("/assay/gateway.sock", [row])
while True:
    signal.pause()
