"""How a request reaches a server; the only part of the command line that knows HTTP.

Imported when a command talks to a server: signing and verifying load no HTTP client.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx

from harness.errors import Unavailable
from harness.services.platform.address import local
from harness.services.platform.version import VERSION

_TIMES: Final = httpx.Timeout(60.0, connect=5.0)
_PAUSE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Transport:
    """Connections to one server, with one token."""

    def __init__(self, server: str, token: str) -> None:
        self.server = server
        headers = {"user-agent": f"assay/{VERSION}", "accept": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        # A proxy of the environment is for other machines than this one.
        near = local(urlsplit(server).hostname or "")
        self._http = httpx.Client(
            base_url=server, headers=headers, timeout=_TIMES, trust_env=not near
        )

    def __enter__(self) -> Self:
        """Return the transport itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close its connections."""
        self._http.close()

    def send(self, method: str, path: str, tries: int, **request: Any) -> Reply:
        """Send one request, again when the connection breaks. Raises Unavailable.

        More than one try is for requests that have one effect, however often they arrive.
        """
        for left in reversed(range(tries)):
            try:
                reply = self._http.request(method, path, **request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                raise Unavailable(
                    f"no server answers at {self.server}: is `assay serve` running?"
                ) from None
            except httpx.TransportError:
                if left:
                    time.sleep(_PAUSE_S)
                    continue
                break
            return Reply(reply.status_code, reply.headers, reply.content)
        raise Unavailable(f"the connection to {self.server} broke; try again")
