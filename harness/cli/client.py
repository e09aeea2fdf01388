"""The client of `/api/v1` that every command of a party uses: plain values in, plain values out.

An error of the server becomes the same HarnessError here, so that message and exit status are
those of the service.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from harness import errors
from harness.cli.profiles import Profile, chosen
from harness.errors import HarnessError, InvalidInput, TooManyAttempts, Unavailable

if TYPE_CHECKING:
    from harness.cli.transport import Reply, Transport

_API: Final = "/api/v1"
_PAGE: Final = 200
_TRIES: Final = 3
_BAD_REQUEST: Final = 400
_SERVER_FAULT: Final = 500
_KINDS: Final = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, HarnessError)
}


def segment(text: str) -> str:
    """A name as one part of a path. Raises InvalidInput for an empty one."""
    if not text:
        raise InvalidInput("an id is missing: it is empty")
    return quote(text, safe="")


class Client:
    """One command's conversation with one server."""

    def __init__(self, transport: "Transport", profile: Profile) -> None:
        self.profile = profile
        self._transport = transport
        self._key = secrets.token_hex(16)
        self._posted = 0

    def get(self, path: str, **parameters: object) -> Any:
        """The JSON value at a path below `/api/v1`. Raises HarnessError."""
        return self._value(self._ask("GET", path, params=parameters))

    def exact(self, path: str) -> bytes:
        """The exact bytes at a path. Raises HarnessError."""
        return self._ask("GET", path).content

    def all(self, path: str) -> list[dict[str, Any]]:
        """Every row of a list. Raises HarnessError."""
        found: list[dict[str, Any]] = []
        after: dict[str, object] = {}
        while True:
            page = self.get(path, limit=_PAGE, **after)
            found += page["items"]
            if page["next"] is None:
                return found
            after = {"cursor": page["next"]}

    def post(self, path: str, body: object = None, files: Mapping[str, bytes] | None = None) -> Any:
        """Change something, once, also when the connection breaks. Raises HarnessError."""
        self._posted += 1
        headers = {"idempotency-key": f"{self._key}-{self._posted}"}
        sent = None if files is None else {name: (name, data) for name, data in files.items()}
        return self._value(self._ask("POST", path, json=body, files=sent, headers=headers))

    def post_secret(self, path: str, body: object) -> Any:
        """Change something whose reply is kept nowhere; never sent twice. Raises HarnessError."""
        return self._value(self._ask("POST", path, tries=1, json=body))

    def delete(self, path: str) -> None:
        """Remove something. Raises HarnessError."""
        self._ask("DELETE", path, tries=1)

    def _ask(self, method: str, path: str, tries: int = _TRIES, **request: Any) -> "Reply":
        return self._checked(self._transport.send(method, _API + path, tries, **request))

    def _checked(self, reply: "Reply") -> "Reply":
        if reply.status >= _BAD_REQUEST:
            raise self._problem(reply)
        if not 200 <= reply.status < 300:  # noqa: PLR2004 - HTTP's own classes
            raise self._foreign(reply)
        return reply

    def _value(self, reply: "Reply") -> Any:
        try:
            return json.loads(reply.content)
        except ValueError:
            raise self._foreign(reply) from None

    def _problem(self, reply: "Reply") -> HarnessError:
        try:
            value = json.loads(reply.content)
            code, detail = str(value["code"]), str(value["detail"])
        except (ValueError, TypeError, KeyError):
            return self._foreign(reply)
        if code == TooManyAttempts.code:
            wait = reply.headers.get("retry-after", "")
            return TooManyAttempts(int(wait) if wait.isdecimal() else 60)
        kind = _KINDS.get(code)
        if kind is None:
            # What the HTTP layer refused: too large, no such path, an unknown host.
            kind = HarnessError if reply.status >= _SERVER_FAULT else InvalidInput
        return kind(detail.split("\n")) if issubclass(kind, InvalidInput) else kind(detail)

    def _foreign(self, reply: "Reply") -> Unavailable:
        return Unavailable(
            f"{self.profile.server} answered {reply.status}, but not as Assay does: "
            "is the address right?"
        )


@contextmanager
def connected(name: str | None) -> Iterator[Client]:
    """A client with the profile of this name, or the one in force. Raises as `profiles.chosen`."""
    with connected_as(chosen(name)) as client:
        yield client


@contextmanager
def connected_as(profile: Profile) -> Iterator[Client]:
    """A client with a profile."""
    from harness.cli.transport import Transport  # noqa: PLC0415 - only who talks needs HTTP

    with Transport(profile.server, profile.token) as transport:
        yield Client(transport, profile)
