"""Takes all memory in a child, and itself ends in good order with status 0.

Hopes to pass for a suite that merely ended early: the first process lives on, and its exit status
says nothing. The engine's word on the control group, not the status, should decide.
"""

import os
import signal

CEILING_MIB = 1024

child = os.fork()
if child == 0:
    hoard = [bytearray(b"x" * (1 << 20)) for _ in range(CEILING_MIB)]
    signal.pause()
os.waitpid(child, 0)
raise SystemExit(0)
