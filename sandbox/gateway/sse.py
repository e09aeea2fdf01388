"""Server-sent events, read piece by piece (WHATWG HTML, 9.2.6). Pure.

Only the data of an event is kept. Lines end with LF or CRLF; a lone CR, which the standard
also allows and no vendor sends, stays part of its line.
"""

from sandbox.errors import VendorFault


class EventTooLarge(VendorFault):
    """An event outgrew its cap."""


class EventReader:
    """Turns bytes into the data of whole events; holds at most `max_bytes` of an open one."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._line: list[bytes] = []  # of an unfinished line; joined once, when its end comes
        self._line_size = 0
        self._data: list[bytes] = []
        self._data_size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the data of every event that `piece` completes. Raises EventTooLarge."""
        events: list[bytes] = []
        if b"\n" not in piece:
            self._line.append(piece)
            self._line_size += len(piece)
        else:
            lines = b"".join([*self._line, piece]).split(b"\n")
            rest = lines.pop()
            self._line, self._line_size = [rest], len(rest)
            for line in lines:
                self._take(line.removesuffix(b"\r"), events)
        if self._line_size + self._data_size > self._max:
            raise EventTooLarge("too_large")
        return events

    def _take(self, line: bytes, events: list[bytes]) -> None:
        if not line:
            if self._data:
                events.append(b"\n".join(self._data))
                self._data, self._data_size = [], 0
        elif line.startswith(b"data:"):
            value = line[5:].removeprefix(b" ")
            self._data.append(value)
            self._data_size += len(value) + 1
