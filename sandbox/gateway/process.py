"""The gateway's process as the session holds it: started, listened to, stopped.

The order goes in over a pipe of its own, events come out over another, and the end of the
control pipe ends the process: when the session's process dies, so does the gateway.
"""

import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import sandbox
from sandbox.errors import PlatformFault
from sandbox.gateway.grant import Order, encode
from sandbox.spec import UsageReceipt

_ROOT: Final = Path(sandbox.__file__).resolve().parents[1]
_STOP_S: Final = 3.0
_READ_BYTES: Final = 1 << 16

Event = Mapping[str, Any]


class GatewayProcess:
    """One gateway. `events` never blocks longer than asked; after `close` nothing is left."""

    def __init__(self, order: Order) -> None:
        grant_out, grant_in = os.pipe()
        events_out, events_in = os.pipe()
        control_out, control_in = os.pipe()
        self._control = control_in
        self._events = events_out
        self._partial = b""
        self._open = True
        try:
            self._process = subprocess.Popen(
                (
                    *(sys.executable, "-m", "sandbox.gateway"),
                    *("--grant-fd", str(grant_out)),
                    *("--events-fd", str(events_in)),
                    *("--control-fd", str(control_out)),
                ),
                pass_fds=(grant_out, events_in, control_out),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=_ROOT,
                env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
                # Ctrl-C in a terminal is the session's to handle.
                start_new_session=True,
            )
        except OSError:
            for descriptor in (grant_in, events_out, control_in):
                os.close(descriptor)
            raise PlatformFault("gateway_start") from None
        finally:
            for descriptor in (grant_out, events_in, control_out):
                os.close(descriptor)
        # A pipe holds 64 KiB; a large order would wait here for the process to read.
        writer = threading.Thread(target=_feed, args=(grant_in, encode(order)), daemon=True)
        writer.start()

    @property
    def descriptor(self) -> int:
        """Readable when there are events, or when the process has ended."""
        return self._events

    @property
    def ended(self) -> bool:
        """Whether the process has closed its events."""
        return not self._open

    def events(self, seconds: float) -> list[Event]:
        """Whole events, waiting for the first at most so long."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._events, selectors.EVENT_READ)
            if not self._open or not selector.select(seconds):
                return []
        chunk = os.read(self._events, _READ_BYTES)
        self._open = bool(chunk)
        *lines, self._partial = (self._partial + chunk).split(b"\n")
        return [json.loads(line) for line in lines]

    def acknowledge(self) -> None:
        """Let the first reply reach the guest, now that whoever asked knows of it."""
        self._say(b"A")

    def ask_stop(self) -> None:
        """Have every call refused from now on; does not wait."""
        self._say(b"S")

    def rest(self) -> Iterator[Event]:
        """Ask for the end, and yield whole events up to it: the receipt is among them."""
        self.ask_stop()
        until = time.monotonic() + _STOP_S
        while self._open and (left := until - time.monotonic()) > 0:
            yield from self.events(left)

    def _say(self, word: bytes) -> None:
        try:
            os.write(self._control, word)
        except BrokenPipeError:
            # The process is gone; the end of its events says so.
            return

    def close(self) -> None:
        """End the process, if need be by force, and give its pipes back."""
        os.close(self._control)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._events)


def receipt(event: Event) -> UsageReceipt:
    """The usage receipt that an event carries."""
    return UsageReceipt(**event["receipt"])


def _feed(descriptor: int, data: bytes) -> None:
    try:
        with os.fdopen(descriptor, "wb") as pipe:
            pipe.write(data)
    except OSError:
        # The process died; its events say so.
        return
