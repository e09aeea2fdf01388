"""The order that reaches the gateway process over its inherited pipe: one JSON object.

The session writes it with `encode`; the process reads it with `decode`. It carries the
credentials, so it exists nowhere but in that pipe and in the two processes' memory.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints

import msgspec

from evals import wire
from sandbox.errors import PlatformFault
from sandbox.gateway.caps import Caps
from sandbox.spec import Exact, Held, ModelGrant, Range

ANY_UID = -1
UNCHANGED = -1  # as chown(2) has it

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ROLE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_CREDENTIAL = re.compile(r"[!-~]*")  # RFC 9110, 5.5: nothing that could end a header line


class GrantInvalid(PlatformFault):
    """The order cannot be enforced as it stands."""


@dataclass(frozen=True, slots=True)
class Order:
    """What one gateway process is told.

    `uid` is the only user id that may connect (`ANY_UID`: no check); `owner` and `group` get the
    socket (`UNCHANGED`: it stays ours). With `await_ack` the first
    reply is held back until the session has written `A` to the control pipe, so that the
    session can make `first_reply` durable before the guest sees a byte.

    `phase` says what the guest may do. In `score` there is no endpoint and no credential, and
    `outputs` are what the phase before has left.
    """

    grant: ModelGrant
    credentials: Mapping[str, str]
    socket: str
    uid: int
    owner: int = UNCHANGED
    group: int = UNCHANGED
    await_ack: bool = False
    phase: str = wire.JOINED
    outputs: tuple[Held, ...] = ()
    caps: Caps = field(default_factory=Caps)


def encode(order: Order) -> bytes:
    """Write an order."""
    return msgspec.json.encode(order)


def decode(data: bytes) -> Order:
    """Read and check an order. Raises GrantInvalid."""
    order = _read(data)
    if order is None:  # raised here, outside the handler, so that no context keeps a secret
        raise GrantInvalid("unreadable")
    _check(order)
    return order


def _read(data: bytes) -> Order | None:
    try:
        raw: dict[str, Any] = msgspec.json.decode(data)
        grant = _grant(raw.pop("grant"))
        hints = get_type_hints(Order)
        rest = {name: msgspec.convert(value, hints[name]) for name, value in raw.items()}
        return Order(grant=grant, **rest)
    except (msgspec.MsgspecError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _grant(raw: Mapping[str, Any]) -> ModelGrant:
    # By hand, because a union of two dataclasses is more than msgspec will guess at.
    hints: dict[str, Any] = get_type_hints(ModelGrant)
    values: dict[str, Any] = {
        "parameters": {
            name: msgspec.convert(value, Exact if "value" in value else Range)
            for name, value in raw["parameters"].items()
        }
    }
    for item in fields(ModelGrant):
        if item.name != "parameters":
            values[item.name] = msgspec.convert(raw[item.name], hints[item.name])
    return ModelGrant(**values)


def _check(order: Order) -> None:
    grant = order.grant
    roles = [endpoint.role for endpoint in grant.endpoints]
    if not _DIGEST.fullmatch(grant.protocol_digest):
        raise GrantInvalid("protocol_digest")
    if grant.run_start_index < 0 or not _DIGEST.fullmatch(grant.checkpoint_digest):
        raise GrantInvalid("run_not_logged")
    if order.phase not in wire.PHASES or (order.phase != wire.SCORE and order.outputs):
        raise GrantInvalid("phase")
    if order.phase == wire.SCORE:
        if roles or order.credentials:
            raise GrantInvalid("phase")
        return
    if not roles or len(set(roles)) != len(roles) or not all(map(_ROLE.fullmatch, roles)):
        raise GrantInvalid("roles")
    if order.credentials.keys() != set(roles):
        raise GrantInvalid("credentials")
    if not all(map(_CREDENTIAL.fullmatch, order.credentials.values())):
        raise GrantInvalid("credentials")
    if grant.budget.concurrency < 1 or grant.retries < 0 or grant.request_timeout_s < 1:
        raise GrantInvalid("bounds")
