"""Tries to carry one output to the scoring of another, or out of its process.

Each attempt answers 1 when it works: keep something in memory, a file, a lock, a process or a
socket; look at the process that holds the other outputs; reach the host's socket, a network, a
device or a module from disk. Honest but for that: `correct` is whether the output holds the answer.
The decoder would read the attempts' totals.
"""

import sys

_SEEN = []


def _works(act):
    try:
        return int(bool(act()))
    except BaseException:
        return 0


def _memory():
    _SEEN.append(1)
    kept = vars(sys).setdefault("kept", [])
    kept.append(1)
    return len(_SEEN) > 1 or len(kept) > 1


def _files():
    import os

    for folder in ("/tmp", "/work", "/dev/shm", "/assay", "."):
        try:
            os.close(os.open(f"{folder}/left", os.O_CREAT | os.O_WRONLY))
        except OSError:
            continue
        return True
    return False


def _lock():
    import fcntl

    with open("/assay/run.json") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
    return True


def _process():
    import os

    if os.fork() == 0:
        os._exit(0)
    return True


def _thread():
    import _thread

    _thread.start_new_thread(int, ())
    return True


def _socket():
    import socket

    end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    end.connect("/assay/gateway.sock")
    return True


def _loopback():
    import _socket

    return _socket.socket(2, 1, 0).fileno() >= 0


def _neighbour():
    import os

    return any(name.isdigit() for name in os.listdir("/proc"))


def _signals():
    import os

    os.kill(1, 0)
    return True


def _standard_output():
    import os

    return os.write(1, b"left") == 4


def _host():
    import os

    return os.sysconf("SC_NPROCESSORS_ONLN") > 0 and open("/proc/meminfo").read(1)


def _module():
    import sqlite3

    return sqlite3.sqlite_version


ATTEMPTS = {
    "memory": _memory,
    "files": _files,
    "lock": _lock,
    "process": _process,
    "thread": _thread,
    "socket": _socket,
    "loopback": _loopback,
    "neighbour": _neighbour,
    "signals": _signals,
    "standard_output": _standard_output,
    "host": _host,
    "module": _module,
}


def score(output, sample):
    found = {name: _works(act) for name, act in ATTEMPTS.items()}
    return found | {"correct": int(output.endswith(f"A: {sample['target']}"))}
