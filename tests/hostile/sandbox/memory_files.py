"""Takes memory by writing files: the memory file systems, each below its own size, together above.

Hopes that files in memory are nobody's memory, so that several small quotas add up to more than
the container may have. They should count like any other page.
"""

import signal
from pathlib import Path

MIB = 1 << 20

for place in ("/tmp", "/work"):
    with Path(place, "pile").open("wb") as pile:
        pile.writelines(b"x" * MIB for _ in range(60))
signal.pause()
