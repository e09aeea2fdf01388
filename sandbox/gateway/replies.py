"""Replies as the guest may see them, rebuilt from known fields only. Pure.

Nothing else of a vendor's answer passes: no header, no error text, no field of tomorrow, no
model name. Identifier, time and model are the gateway's own.
"""

from typing import Any

import msgspec
from msgspec import UNSET, Struct

from sandbox.errors import VendorFault
from sandbox.gateway.shapes import Out, Reply, Usage

_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter"})


class ReplyMalformed(VendorFault):
    """The vendor's answer is not the reply that was asked for. Its text is not kept."""


class Frame(Struct, frozen=True):
    """What a reply says of itself in the gateway's words, and what was agreed about it."""

    number: int
    created: int
    role: str
    choices: int
    logprobs: bool
    include_usage: bool

    @property
    def id(self) -> str:
        """The reply's identifier: its number in the run."""
        return f"chatcmpl-{self.number}"


_decoder = msgspec.json.Decoder(Reply)
encode = msgspec.json.Encoder().encode


def read(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    """Decode what a vendor sent; None when it does not fit."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def known_reason(vendors: str | None) -> str | None:
    """Return a reason the API knows; every other one a vendor invents means `stop`."""
    return vendors if vendors is None or vendors in _REASONS else "stop"


def rebuild(body: bytes, frame: Frame) -> tuple[bytes, Usage | None]:
    """Return the guest's reply, and the usage if the vendor told it. Raises ReplyMalformed."""
    reply: Reply | None = read(_decoder, body)
    if reply is None or sorted(c.index for c in reply.choices) != list(range(frame.choices)):
        raise ReplyMalformed("malformed")
    for choice in reply.choices:
        message = choice.message
        message.role = "assistant"
        if not message.tool_calls:
            message.tool_calls = UNSET
        else:
            for call in message.tool_calls:
                call.type = "function"
        choice.finish_reason = known_reason(choice.finish_reason) or "stop"
        if not frame.logprobs:
            choice.logprobs = None
    out = Out(frame.id, "chat.completion", frame.created, frame.role, reply.choices, reply.usage)
    return encode(out), reply.usage
