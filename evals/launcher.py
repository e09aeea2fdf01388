"""First process of a container: `python3 -I -S launcher.py [--run-dir DIR] [COMMAND …]`.

Hides its memory before anything else, then supervises the suite's runner, or COMMAND. This
file stays small, because Python compiles a script anew at every start.
"""

import ctypes
import os
import sys

_PR_SET_DUMPABLE = 4
_CANNOT_HIDE = 70


def main() -> int:
    """Run one child to its end and return its exit status."""
    # Nothing of the guest may read or write this process through /proc/1 (prctl(2)).
    if ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        return _CANNOT_HIDE
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120  # pathlib is not imported yet
    from evals import supervisor  # noqa: PLC0415  # the path is known only now

    return supervisor.main(sys.argv[1:])


if __name__ == "__main__":
    os._exit(main())
