"""Takes memory until there is none, in the container's own main program.

Hopes that the host runs out first, that another run is killed in its place, or that swap takes
the second half. The kernel should end it at the container's own limit.
"""

import signal

CEILING_MIB = 1024

hoard = [bytearray(b"x" * (1 << 20)) for _ in range(CEILING_MIB)]
signal.pause()
