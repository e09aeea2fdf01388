"""The known fields of Chat Completions replies; whatever is not written here is dropped."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

_Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
_Index = Annotated[int, Meta(ge=0, le=1023)]


class _Details(Struct):
    reasoning_tokens: _Count | None = None
    cached_tokens: _Count | None = None


class Usage(Struct):
    """Tokens of one call, as the vendor counted them."""

    prompt_tokens: _Count
    completion_tokens: _Count
    total_tokens: _Count = 0
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _Alternative(Struct):
    token: str
    logprob: float
    bytes: list[int] | None = None


class _Token(_Alternative):
    top_logprobs: list[_Alternative] = []


class _Logprobs(Struct):
    content: list[_Token] | None = None
    refusal: list[_Token] | None = None


class _Called(Struct):
    name: str
    arguments: str


class _ToolCall(Struct):
    id: str
    function: _Called
    type: str = "function"


class _Message(Struct):
    role: str = "assistant"
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | UnsetType | None = UNSET


class Choice(Struct):
    """One alternative of a whole reply."""

    message: _Message
    index: _Index = 0
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class Reply(Struct):
    """A whole reply, as read."""

    choices: list[Choice]
    usage: Usage | None = None


class _CalledPiece(Struct, omit_defaults=True):
    name: str | None = None
    arguments: str | None = None


class _ToolCallPiece(Struct, omit_defaults=True):
    index: _Index
    id: str | None = None
    type: str | None = None
    function: _CalledPiece | None = None


class _Delta(Struct):
    role: str | UnsetType | None = UNSET
    content: str | UnsetType | None = UNSET
    refusal: str | UnsetType | None = UNSET
    tool_calls: list[_ToolCallPiece] | UnsetType | None = UNSET


class Piece(Struct):
    """What one event adds to one choice."""

    delta: _Delta
    index: _Index = 0
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class Event(Struct):
    """One event of a stream, as read."""

    choices: list[Piece]
    usage: Usage | None = None


class Out(Struct):
    """A reply or an event, as written."""

    id: str
    object: str
    created: int
    model: str
    choices: list[Choice] | list[Piece]
    usage: Usage | UnsetType | None = UNSET
