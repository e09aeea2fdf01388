"""Probes of the sandbox from inside: whether each control holds for code like a suite's.

`probes.py SOCKET` sends one JSON list of `{"name", "held", "detail"}` to a unix socket;
`probes.py -` prints it. Each probe does something harmless that works on an unprotected machine,
so that the same file, run there, shows that a probe can fail. Details are numbers and errno
names only.
"""

import json
import os
import socket
import sys
from collections.abc import Collection, Iterator
from functools import partial

if __name__ == "__main__":
    # Started by its path and without the site module: the package is not on the path yet.
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120

from evals.probing import files, kernel, network, process, syscalls
from evals.probing.look import SCRATCH, Probe, name_of


def probes() -> Iterator[tuple[str, Probe]]:
    """Every probe with its name."""
    for part in (process, network, files, kernel):
        for one in part.PROBES:
            yield one.__name__.strip("_"), one
    for name, call in syscalls.DENIED.items():
        yield f"syscall_{name}", partial(kernel.denied, call)
    for name, wanted in network.REFUSED.items():
        yield f"socket_{name}", partial(network.no_socket, *wanted)
    for name, (limit, most) in process.RLIMITS.items():
        yield f"rlimit_{name}", partial(process.capped, limit, most)
    for path in SCRATCH:
        short = path.rsplit("/", 1)[-1]
        yield f"{short}_flags", partial(files.flags, path)
        yield f"{short}_size", partial(files.sized, path)
        yield f"{short}_does_not_execute", partial(files.no_exec, path)


def run(without: Collection[str] = ()) -> list[dict[str, object]]:
    """Run every probe but some. One that breaks does not hold."""
    found: list[dict[str, object]] = []
    for name, probe in probes():
        if name in without:
            continue
        try:
            held, detail = probe()
        except OSError as error:
            held, detail = False, name_of(error.errno or 0)
        except Exception as error:
            held, detail = False, type(error).__name__
        found.append({"name": name, "held": held, "detail": detail})
    return found


def main(target: str, without: Collection[str] = ()) -> int:
    """Run the probes and hand the result over."""
    said = json.dumps(run(without)).encode()
    if target == "-":
        sys.stdout.write(said.decode() + "\n")
        return 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
        end.connect(target)
        end.sendall(said)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
