"""Start a process of ours: its modules are loaded without looking for garbage meanwhile.

    python -m harness.starting MODULE [ARGUMENT …]

Loading makes hundreds of thousands of objects that all stay. To look through them again and again,
and once more at the end, took half of the processor time of a web process that starts and ends.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module


@contextmanager
def loading() -> Iterator[None]:
    """Load modules in here; what is there afterwards is not looked through again (gc.freeze).

    Does nothing when the process has loaded before: what it has thrown away since then is to be
    found.
    """
    if gc.get_freeze_count():
        yield
        return
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def main() -> None:
    """Load the module that the first argument names, and call its `main` with the others."""
    del sys.argv[0]
    with loading():
        module = import_module(sys.argv[0])
    module.main()


if __name__ == "__main__":
    main()
