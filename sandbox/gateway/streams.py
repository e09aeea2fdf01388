"""Streamed replies, rebuilt event by event from known fields only. Pure."""

import msgspec
from msgspec import UNSET, UnsetType

from sandbox.gateway.replies import Frame, ReplyMalformed, encode, known_reason, read
from sandbox.gateway.shapes import Event, Out, Piece, Usage
from sandbox.gateway.sse import EventReader

_DONE = b"data: [DONE]\n\n"
_decoder = msgspec.json.Decoder(Event)


class Stream:
    """One streamed reply. Feed it the vendor's bytes; it returns the guest's.

    Nothing comes out before the first piece that says something, so that a stream broken
    before that can be asked for again. `started` tells that bytes came out, `complete` that
    every choice ended and the vendor said so.
    """

    def __init__(self, frame: Frame, max_event_bytes: int) -> None:
        self._frame = frame
        self._reader = EventReader(max_event_bytes)
        self._waiting: list[bytes] = []
        self._ended: set[int] = set()
        self._done = False
        self.started = False
        self.usage: Usage | None = None

    @property
    def complete(self) -> bool:
        """Whether the reply is whole."""
        return len(self._ended) == self._frame.choices

    def feed(self, piece: bytes) -> bytes:
        """Return events for the guest, possibly none. Raises VendorFault."""
        for data in self._reader.feed(piece):
            if self._done:
                break
            if data == b"[DONE]":
                self._done = True
            else:
                self._take(data)
        return self._release()

    def close(self) -> bytes:
        """Return the last events once the vendor's body ended. Raises ReplyMalformed."""
        if not self.complete:
            raise ReplyMalformed("truncated")
        if self._frame.include_usage and self.usage is not None:
            self._waiting.append(self._event([], self.usage))
        self._waiting.append(_DONE)
        self.started = True
        return self._release()

    def _release(self) -> bytes:
        if not self.started:
            return b""
        out = b"".join(self._waiting)
        self._waiting.clear()
        return out

    def _take(self, data: bytes) -> None:
        event: Event | None = read(_decoder, data)
        if event is None:
            raise ReplyMalformed("malformed")
        if event.usage is not None:
            self.usage = event.usage
        if not event.choices:
            return
        for piece in event.choices:
            self._clean(piece)
        usage = None if self._frame.include_usage else UNSET
        self._waiting.append(self._event(event.choices, usage))

    def _clean(self, piece: Piece) -> None:
        if piece.index >= self._frame.choices:
            raise ReplyMalformed("malformed")
        delta = piece.delta
        if delta.role:
            delta.role = "assistant"
        for call in delta.tool_calls or ():
            if call.type is not None:
                call.type = "function"
        piece.finish_reason = known_reason(piece.finish_reason)
        if not self._frame.logprobs:
            piece.logprobs = None
        if piece.finish_reason is not None:
            self._ended.add(piece.index)
        if delta.content or delta.refusal or delta.tool_calls or piece.finish_reason:
            self.started = True

    def _event(self, choices: list[Piece], usage: Usage | UnsetType | None) -> bytes:
        frame = self._frame
        out = Out(frame.id, "chat.completion.chunk", frame.created, frame.role, choices, usage)
        return b"data: " + encode(out) + b"\n\n"
