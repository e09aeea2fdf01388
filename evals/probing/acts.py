"""What a guest does while it is watched from outside: `acts.py SOCKET ACT…`.

Each act is bounded, so that it does little harm where the sandbox does not stop it. Between acts
it says on the socket, as one JSON line, what it saw: counts and errno numbers only.
"""

import json
import mmap
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

MIB = 1024 * 1024
HOG = 192 * MIB
FLOOD = 100 * MIB
SIZE = 4 * MIB
FILES = 5_000
PROCESSES = 80
SCRATCH = Path("/tmp/fill")  # noqa: S108  # the writable place that a guest has
RUN_DIR = Path("/assay")

Said = dict[str, int]


def idle() -> Said:
    """Wait for the end, whatever is sent to this process."""
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    return {}


def memory() -> Said:
    """Touch more memory than the run may have."""
    pages = mmap.mmap(-1, HOG)
    for at in range(0, HOG, mmap.PAGESIZE):
        pages[at] = 1
    pages.close()
    return {"touched": HOG}


def memory_in_a_child() -> Said:
    """The same in a child, and live on."""
    child = os.fork()
    if child == 0:
        memory()
        os._exit(0)
    return {"ended": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}


def scratch() -> Said:
    """Fill the scratch space with files of a few MiB, and leave it full."""
    SCRATCH.mkdir()
    written = code = 0
    for number in range(HOG // SIZE):
        more, code = _grow(SCRATCH / str(number), SIZE)
        written += more
        if code:
            break
    return {"written": written, "error": code}


def emptied() -> Said:
    """Remove what filled it."""
    for path in SCRATCH.iterdir():
        path.unlink()
    SCRATCH.rmdir()
    return {}


def one_file() -> Said:
    """Let one file grow."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    path = SCRATCH.with_suffix(".one")
    written, code = _grow(path, HOG)
    path.unlink()
    return {"written": written, "error": code}


def _grow(path: Path, size: int) -> tuple[int, int]:
    """Write a file of a size; how much went in, and the errno that stopped it."""
    block, written = bytes(MIB), 0
    with path.open("wb", buffering=0) as file:
        try:
            while written < size:
                written += file.write(block)
        except OSError as error:
            return written, error.errno or 0
    return written, 0


def files() -> Said:
    """Make many empty files."""
    folder = SCRATCH.with_suffix(".d")
    folder.mkdir()
    made = []
    try:
        for number in range(FILES):
            (folder / str(number)).touch()
            made.append(number)
    except OSError as error:
        return {"made": len(made), "error": error.errno or 0}
    finally:
        for number in made:
            (folder / str(number)).unlink()
    return {"made": len(made), "error": 0}


def processes() -> Said:
    """Start processes in a loop, and leave them."""
    started = 0
    try:
        while started < PROCESSES:
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            started += 1
    except OSError as error:
        return {"started": started, "error": error.errno or 0}
    return {"started": started, "error": 0}


def flood() -> Said:
    """Write a lot to the standard output."""
    block, left = bytes(MIB), FLOOD
    while left > 0:
        left -= os.write(1, block)
    return {"written": FLOOD}


def orphans() -> Said:
    """Leave ten children of a dead parent behind: five end at once, five ignore every signal."""
    parent = os.fork()
    if parent == 0:
        for number in range(10):
            if os.fork() == 0:
                if number % 2:
                    idle()
                    signal.pause()
                os._exit(0)
        os._exit(0)
    os.waitpid(parent, 0)
    return {"left": 10}


def run_directory() -> Said:
    """Try to change the one folder of the host's."""
    end = RUN_DIR / "gateway.sock"
    tries: tuple[Callable[[], object], ...] = (
        (RUN_DIR / "new").touch,
        (RUN_DIR / "folder").mkdir,
        lambda: end.rename(RUN_DIR / "other"),
        lambda: end.chmod(0o600),
        lambda: os.chown(end, os.getuid(), os.getgid()),
        lambda: RUN_DIR.chmod(0o777),
        end.unlink,
    )
    done = 0
    for one in tries:
        try:
            one()
        except OSError:
            continue
        done += 1
    return {"done": done}


ACTS: dict[str, Callable[[], Said]] = {
    one.__name__: one
    for one in (
        *(idle, memory, memory_in_a_child, scratch, emptied, files, one_file, processes),
        *(flood, orphans, run_directory),
    )
}


def main(target: str, acts: list[str]) -> int:
    """Do the acts, one whenever a byte comes; end when no more come."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
        end.connect(target)
        for name in acts:
            if not end.recv(1):
                return 0
            end.sendall(json.dumps(ACTS[name]()).encode() + b"\n")
        end.recv(1)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
