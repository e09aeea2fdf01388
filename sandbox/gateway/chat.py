"""The shape of a Chat Completions request, as far as a guest may use it.

Whatever is not written here is refused: tools that run at the vendor, stored completions, audio,
files, media fetched from a URL, and every field of tomorrow. The request that goes out is
written from these values, so a guest's bytes never reach a vendor as they came.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

_DATA_IMAGE = r"\Adata:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*\Z"
MAX_MESSAGES = 4096


class _Strict(Struct, forbid_unknown_fields=True, omit_defaults=True):
    pass


class _TextPart(_Strict, tag_field="type", tag="text"):
    text: str


class _RefusalPart(_Strict, tag_field="type", tag="refusal"):
    refusal: str


class _ImageData(_Strict):
    url: Annotated[str, Meta(pattern=_DATA_IMAGE)]
    detail: Literal["auto", "low", "high"] | None = None


class _ImagePart(_Strict, tag_field="type", tag="image_url"):
    image_url: _ImageData


class _CalledFunction(_Strict):
    name: str
    arguments: str


class _ToolCall(_Strict, tag_field="type", tag="function"):
    id: str
    function: _CalledFunction


class _SystemMessage(_Strict, tag_field="role", tag="system"):
    content: str | list[_TextPart]
    name: str | None = None


class _DeveloperMessage(_Strict, tag_field="role", tag="developer"):
    content: str | list[_TextPart]
    name: str | None = None


class _UserMessage(_Strict, tag_field="role", tag="user"):
    content: str | list[_TextPart | _ImagePart]
    name: str | None = None


class _AssistantMessage(_Strict, tag_field="role", tag="assistant"):
    content: str | list[_TextPart | _RefusalPart] | None = None
    refusal: str | None = None
    name: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _ToolMessage(_Strict, tag_field="role", tag="tool"):
    content: str | list[_TextPart]
    tool_call_id: str


_Message = _SystemMessage | _DeveloperMessage | _UserMessage | _AssistantMessage | _ToolMessage


class _Function(_Strict):
    name: str
    description: str | None = None
    parameters: dict[str, object] | None = None
    strict: bool | None = None


class _Tool(_Strict, tag_field="type", tag="function"):
    function: _Function


class _FunctionName(_Strict):
    name: str


class _ChosenTool(_Strict, tag_field="type", tag="function"):
    function: _FunctionName


class _PlainFormat(_Strict, tag_field="type", tag="text"):
    pass


class _JsonFormat(_Strict, tag_field="type", tag="json_object"):
    pass


class _Schema(_Strict):
    name: str
    description: str | None = None
    schema: dict[str, object] | None = None
    strict: bool | None = None


class _SchemaFormat(_Strict, tag_field="type", tag="json_schema"):
    json_schema: _Schema


class StreamOptions(_Strict):
    """Whether a stream ends with an event that tells its usage."""

    include_usage: bool | None = None


class ChatRequest(_Strict):
    """One call. The second block is agreed in the protocol; null means not sent."""

    model: str
    messages: Annotated[list[_Message], Meta(min_length=1, max_length=MAX_MESSAGES)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[_Tool] | None = None
    tool_choice: Literal["none", "auto", "required"] | _ChosenTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: _PlainFormat | _JsonFormat | _SchemaFormat | None = None
    store: Literal[False] | None = None

    temperature: int | float | None = None
    top_p: int | float | None = None
    top_k: int | None = None
    min_p: int | float | None = None
    presence_penalty: int | float | None = None
    frequency_penalty: int | float | None = None
    repetition_penalty: int | float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
