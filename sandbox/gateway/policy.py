"""From a guest's request to the request that goes out, or a refusal. Pure.

The guest names a role; the model's own name and every agreed parameter come from the grant.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from sandbox.errors import GuestFault
from sandbox.gateway.chat import ChatRequest, StreamOptions
from sandbox.gateway.parameters import KINDS, compile_rules
from sandbox.gateway.providers.base import Route
from sandbox.spec import ModelGrant

_CAPS = ("max_tokens", "max_completion_tokens")


class RequestRefused(GuestFault):
    """The protocol does not allow this request.

    `code` is malformed, unknown_role or not_agreed; nothing of the request is kept.
    """


class Prepared(msgspec.Struct, frozen=True):
    """A request ready to be sent, with the upper bounds it is charged at.

    `tokens_in` counts bytes: no tokeniser makes more than one token of a byte. `tokens_out` is
    None when the protocol names no cap on a reply's length.
    """

    role: str
    route: Route
    body: bytes
    stream: bool
    include_usage: bool
    choices: int
    logprobs: bool
    tokens_in: int
    tokens_out: int | None


class Policy:
    """The rules of one grant, compiled once. Raises GrantInvalid."""

    def __init__(self, grant: ModelGrant, routes: Mapping[str, Route]) -> None:
        self.roles = tuple(routes)
        self._routes = routes
        self._rules = compile_rules(grant.parameters)
        self._foreign = tuple(name for name in KINDS if name not in grant.parameters)
        self._caps = tuple(name for name in _CAPS if name in grant.parameters)
        self._decoder = msgspec.json.Decoder(ChatRequest)
        self._encoder = msgspec.json.Encoder()

    def prepare(self, body: bytes) -> Prepared:
        """Check one request and write what goes out. Raises RequestRefused."""
        request = self._read(body)
        if request is None:  # raised outside the handler: no context keeps the guest's text
            raise RequestRefused("malformed")
        route = self._routes.get(request.model)
        if route is None:
            raise RequestRefused("unknown_role")
        self._agree(request)
        return self._write(request, route)

    def _read(self, body: bytes) -> ChatRequest | None:
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None

    def _agree(self, request: ChatRequest) -> None:
        if any(getattr(request, name) is not None for name in self._foreign):
            raise RequestRefused("not_agreed")
        for rule in self._rules:
            value: Any = rule.settle(getattr(request, rule.name))
            if value is None:
                raise RequestRefused("not_agreed")
            setattr(request, rule.name, value)

    def _write(self, request: ChatRequest, route: Route) -> Prepared:
        role, stream = request.model, bool(request.stream)
        options = request.stream_options
        choices = request.n or 1
        request.model = route.model
        request.store = None
        request.stream = True if stream else None
        request.stream_options = StreamOptions(include_usage=True) if stream else None
        caps = [getattr(request, name) for name in self._caps]
        body = self._encoder.encode(request)
        return Prepared(
            role=role,
            route=route,
            body=body,
            stream=stream,
            include_usage=bool(options and options.include_usage),
            choices=choices,
            logprobs=bool(request.logprobs),
            tokens_in=len(body),
            tokens_out=min(caps) * choices if caps else None,
        )
