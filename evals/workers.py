"""A fresh process for each output that a suite's own program scores, made by the first process.

    first process --fork--> feeder   talks to the host, holds outputs, never runs suite code
                  --fork--> worker   runs suite code on one output, then it is killed

The first process never holds an output, so a worker, its fork, starts without any. It is made
before its output is fetched, and ends before the next is made. A worker is confined before it
runs a line of the suite (`evals.confine`); what it says is read as a stranger's.
"""

import hashlib
import json
import os
import resource
import select
import signal
import socket
import struct
import time

from evals import confine, suite, wire
from evals.manifest import Program

MAX_REPLY = 4096
MODULES = (  # what a suite's program may import
    "bisect collections datetime decimal difflib fractions functools hashlib heapq itertools json"
    " math operator re statistics string textwrap unicodedata"
)

_PLACE = struct.Struct("=I")
_SIZE = struct.Struct("=I")
_READY = b"w"
_MOST_MEMORY = 256 * 1024 * 1024


class NoWorker(Exception):
    """The first process is gone; so is this run."""


class Feeder:
    """The feeder's side: asks for one worker after the other and talks to it."""

    def __init__(self, control: socket.socket, seconds: int) -> None:
        self._control = control
        self._seconds = seconds

    def close(self) -> None:
        """Let go of the feeder's end, in the process that is not the feeder."""
        self._control.close()

    def worker(self, place: int) -> socket.socket:
        """Have a worker made for the sample at a place of the index. Raises NoWorker."""
        self._control.sendall(_PLACE.pack(place))
        told, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        if told != _READY or len(descriptors) != 1:
            raise NoWorker
        end = socket.socket(fileno=descriptors[0])
        end.settimeout(self._seconds)
        return end

    def ask(self, end: socket.socket, output: str) -> object:
        """What a worker makes of an output: any JSON of small size; None when it fails.

        None stands for a worker that is too slow, too loud, killed, or says no JSON.
        """
        said = bytearray()
        give_up = time.monotonic() + self._seconds
        try:
            text = output.encode()
            end.sendall(_SIZE.pack(len(text)) + text)
            while chunk := end.recv(MAX_REPLY + 1):
                said += chunk
                # All of it counts: a worker could say a byte now and then.
                left_s = give_up - time.monotonic()
                if len(said) > MAX_REPLY or left_s <= 0:
                    return None
                end.settimeout(left_s)
        except OSError:
            return None
        try:
            return wire.strict_json(bytes(said), MAX_REPLY)
        except wire.WireError:
            return None


class Maker:
    """The first process's side: makes workers when asked, ends them, and watches for signals."""

    def __init__(
        self, control: socket.socket, wake: int, loaded: suite.Suite, source: bytes
    ) -> None:
        """Serve `control`; bytes on the descriptor `wake` end a `step` early."""
        self._control = control
        self._wake = wake
        self._suite = loaded
        self._source = source
        self._filter = confine.program()
        self._worker = 0
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._poll.register(wake, select.POLLIN)

    def step(self, timeout_s: float) -> bool:
        """Do what is asked for within `timeout_s` seconds; True when woken."""
        woken = False
        for number, event in self._poll.poll(timeout_s * 1000):
            if number == self._wake:
                woken = True
            elif event & select.POLLIN and (told := self._control.recv(_PLACE.size)):
                self._end()
                self._make(_PLACE.unpack(told)[0])
            else:
                # The feeder is gone; its end is told by a signal.
                self._poll.unregister(number)
        return woken

    def _end(self) -> None:
        if self._worker:
            try:
                os.kill(self._worker, signal.SIGKILL)
                os.waitpid(self._worker, 0)
            except (ProcessLookupError, ChildProcessError):
                pass  # it was collected already
            self._worker = 0

    def _make(self, place: int) -> None:
        ours, workers = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        child = os.fork()
        if child == 0:
            os._exit(self._work(place, workers.fileno()))
        workers.close()
        self._worker = child
        with ours:
            socket.send_fds(self._control, [_READY], [ours.fileno()])

    def _work(self, place: int, end: int) -> int:
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            sample = self._suite.sample(place)
            # Not even the discarded output of the container is left to it: a pipe can be read back.
            os.closerange(0, end)
            os.closerange(end + 1, 4096)
            # Or the kernel might end another process for the memory of this one.
            resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
            confine.apply(self._filter)
            _score(end, self._source, sample)
        except BaseException:  # noqa: BLE001  # nobody reads it, and the parent's frames lie below
            return 1
        return 0


def preload() -> None:
    """Import what a suite's program may import: a worker can open no file."""
    for name in MODULES.split():
        __import__(name)


def load(folder: str, program: Program) -> bytes:
    """Read the suite's program. Raises SuiteError when it is another than the manifest says."""
    source = suite.read_bytes(f"{folder}/{program.file}")
    if hashlib.sha256(source).hexdigest() != program.sha256:
        raise suite.SuiteError("the program has another digest")
    return source


def _score(end: int, source: bytes, sample: suite.Sample) -> None:
    """Run the suite's function on the one output that comes over `end`."""
    space: dict[str, object] = {"__name__": "scorer"}
    exec(compile(source, "scorer.py", "exec"), space)  # noqa: S102  # this is what workers are for
    score = space["score"]
    (size,) = _SIZE.unpack(_read(end, _SIZE.size))
    output = _read(end, size).decode()
    found = score(  # type: ignore[operator]
        output,
        {
            "id": sample.id,
            "messages": sample.messages,
            "target": sample.target,
            "groups": sample.groups,
        },
    )
    reply = json.dumps(found).encode()
    while reply:
        reply = reply[os.write(end, reply) :]


def _read(end: int, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        chunk = os.read(end, size - len(found))
        if not chunk:
            raise NoWorker
        found += chunk
    return bytes(found)
