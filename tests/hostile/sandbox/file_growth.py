"""Grows single files without end, real and sparse, in memory and on the image's own disk.

Hopes that a file with a hole costs nothing when it is made and everything when somebody copies,
logs or backs it up; and that the image's files, shared by all runs, can be grown. A file should
stop at the size limit of a process, and the image be read-only.
"""

import os
from pathlib import Path

from evals import client, wire

MIB = 1 << 20


def grown(path, size):
    try:
        with Path(path).open("ab") as file:
            os.truncate(file.fileno(), size)
    except OSError:
        return False
    return True


below = grown("/tmp/small", 200 * MIB)
over = [grown(f"{place}/large", 1 << 40) for place in ("/tmp", "/work", "/dev/shm")]
image = [grown("/usr/lib/os-release", MIB), grown("/opt/assay/evals/runner.py", MIB)]
rows = [
    client.post_score(wire.ScoreRow("s0", 0, {"correct": int(below)})),
    client.post_score(wire.ScoreRow("s1", 0, {"correct": int(any(over + image))})),
]
client.drive("/assay/gateway.sock", rows)
client.drive("/assay/gateway.sock", [client.end(2)])
