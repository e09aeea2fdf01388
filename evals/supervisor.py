"""What the container's first process does: one child, its signals, its time, its orphans.

Exit status: the child's own; 128 + n when signal n ended it; 124 when its time was over; 125
where that would be 137, which the engine shows when it was killed itself: a guest must not be
able to pass for that.
"""

import os
import select
import signal
import socket
import time
from collections.abc import Sequence
from typing import Protocol

from evals import forwarder, manifest, runner, suite, wire, workers

TIME_OVER = 124
LIKE_KILLED = 125
_KILLED = 137
BAD_START = 2

_GRACE_S = 2.0
_FOREVER_S = 3600.0
_OPTIONS = {"--run-dir": runner.RUN_DIR, "--port": str(forwarder.PORT)}


class _Pump(Protocol):
    """What the first process does while it waits."""

    def step(self, timeout_s: float) -> bool:
        """Work for at most so long; True when woken by a signal."""


class _Idle:
    """Nothing to do but to wait for signals."""

    def __init__(self, wake: int) -> None:
        self._wake = wake

    def step(self, timeout_s: float) -> bool:
        return bool(select.select([self._wake], [], [], timeout_s)[0])


def main(arguments: Sequence[str]) -> int:
    """Start the runner, or the command among the arguments, and supervise it."""
    options, command = _read(arguments)
    run_dir = options["--run-dir"]
    try:
        told = _told(run_dir, command)
        pump, wake, feeder = _prepare(run_dir, int(options["--port"]), told)
    except (OSError, wire.WireError, manifest.ManifestError, suite.SuiteError):
        return BAD_START
    asked: list[int] = []
    signal.set_wakeup_fd(wake[1], warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda number, _frame: asked.append(number))
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    child = os.fork()
    if child == 0:
        os._exit(_become(command, run_dir, feeder))
    if feeder is not None:
        feeder.close()
    limit_s = told.time_limit_s if told else _FOREVER_S
    return _supervise(child, pump, wake[0], asked, limit_s)


def _read(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    options, rest = dict(_OPTIONS), list(arguments)
    while len(rest) > 1 and rest[0] in options:
        options[rest[0]] = rest[1]
        del rest[:2]
    return options, rest


def _told(run_dir: str, command: list[str]) -> wire.RunFile | None:
    try:
        told = suite.read_bytes(f"{run_dir}/{runner.RUN_FILE}")
    except FileNotFoundError:
        if command:
            return None  # a probe: whoever started the container ends it
        raise
    return wire.parse_run_file(told)


def _prepare(
    run_dir: str, port: int, told: wire.RunFile | None
) -> tuple[_Pump, tuple[int, int], workers.Feeder | None]:
    """What to do while the child runs, and what the child needs of it.

    Where outputs are scored there is no way to a model: nothing is forwarded.
    """
    wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    if told is None or told.phase != wire.SCORE:
        listener = forwarder.listen(port)
        return forwarder.Forwarder(listener, f"{run_dir}/{runner.SOCKET}", wake[0]), wake, None
    folder = f"{run_dir}/{runner.SUITE_DIR}"
    loaded = suite.open_suite(folder)
    program = loaded.manifest.program
    if program is None:
        return _Idle(wake[0]), wake, None
    workers.preload()
    ours, feeders = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    source = workers.load(folder, program)
    maker = workers.Maker(ours, wake[0], loaded, source)
    return maker, wake, workers.Feeder(feeders, program.seconds)


def _become(command: list[str], run_dir: str, feeder: workers.Feeder | None) -> int:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if not command:
        return runner.main(run_dir, feeder)
    try:
        os.execv(command[0], command)  # noqa: S606  # the host wrote this command
    except OSError:
        return BAD_START


def _supervise(child: int, pump: _Pump, woken: int, asked: list[int], limit_s: float) -> int:
    stop_at = time.monotonic() + limit_s
    status: int | None = None
    asked_before = over = False
    while status is None:
        if asked and not asked_before:
            asked_before = True
            os.kill(child, signal.SIGTERM)
            stop_at = min(stop_at, time.monotonic() + _GRACE_S)
        left_s = stop_at - time.monotonic()
        if left_s <= 0 and not over:
            over = True
            os.kill(child, signal.SIGKILL)
        if pump.step(_FOREVER_S if over else max(left_s, 0.0)):
            os.read(woken, 4096)
        status = _reap(child)
    if over and not asked:
        return TIME_OVER
    code = os.waitstatus_to_exitcode(status)
    shown = code if code >= 0 else 128 - code
    return LIKE_KILLED if shown == _KILLED else shown


def _reap(child: int) -> int | None:
    """Collect every process that ended, orphans too; return the child's status, if it did."""
    found = None
    try:
        while True:
            ended, status = os.waitpid(-1, os.WNOHANG)
            if ended == 0:
                return found
            if ended == child:
                found = status
    except ChildProcessError:
        return found
