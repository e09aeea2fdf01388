"""Starts processes without end; each ignores SIGTERM and starts more.

Hopes to use up the host's process ids, so that neither another run nor the engine itself can
start anything. Their number should stop at the container's own limit.
"""

import os
import signal

from evals import client, wire

CEILING = 300

signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
born = 0
try:
    while born < CEILING:
        if os.fork() == 0:
            signal.pause()
        born += 1
except OSError:
    row = client.post_score(wire.ScoreRow("s0", 0, {"correct": int(born < 64)}))
    client.drive("/assay/gateway.sock", [row])
while True:
    # Again and again: what died by itself would make room.
    try:
        if born < CEILING and os.fork() == 0:
            signal.pause()
    except OSError:
        continue
