"""What the gateway tells the session: one JSON object a line, in a closed vocabulary."""

import os
from dataclasses import dataclass

import msgspec

from sandbox.errors import PlatformFault
from sandbox.spec import UsageReceipt


@dataclass(slots=True)
class Counts:
    """The figures of a usage receipt that are counted call by call."""

    requests: int = 0
    retries: int = 0
    replies: int = 0
    vendor_errors: int = 0
    denied: int = 0


class Events:
    """Writes events to an inherited pipe, each whole and at once.

    The write blocks while the session does not read: an event is never reordered after the
    bytes that a guest gets, and never dropped.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, True)
        self._descriptor = descriptor

    def emit(self, event: str, **fields: object) -> None:
        """Write one event. Raises PlatformFault when the session is gone.

        The fault is no OSError: the event loop would take that for a guest's lost connection.
        """
        rest = memoryview(msgspec.json.encode({"event": event, **fields}) + b"\n")
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            raise PlatformFault("session_gone") from None

    def receipt(self, receipt: UsageReceipt) -> None:
        """Write the receipt of a run that was stopped."""
        self.emit("receipt", receipt=receipt)
