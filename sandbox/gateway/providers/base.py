"""What every vendor has in common: an address, and bytes that precede each request body."""

from typing import NamedTuple
from urllib.parse import urlsplit

from sandbox.gateway.grant import GrantInvalid
from sandbox.spec import ModelEndpoint


class Address(NamedTuple):
    """Where to connect; calls of all roles that share it share its connections."""

    host: str
    port: int
    tls: bool


class Route(NamedTuple):
    """One role's way out. `head` is the request up to, not with, the length's figures."""

    address: Address
    model: str
    head: bytes


def locate(endpoint: ModelEndpoint) -> tuple[Address, str, str]:
    """Return address, Host header and path prefix of a base URL. Raises GrantInvalid."""
    try:
        url = urlsplit(endpoint.base_url)
        port = url.port
    except ValueError:
        port, url = None, urlsplit("")
    plain = endpoint.base_url.isascii() and endpoint.base_url.isprintable()
    extra = url.username or url.password or url.query or url.fragment or " " in endpoint.base_url
    if url.scheme not in {"http", "https"} or not url.hostname or extra or not plain:
        raise GrantInvalid("base_url")
    tls = url.scheme == "https"
    address = Address(url.hostname, port or (443 if tls else 80), tls)
    return address, url.netloc, url.path.rstrip("/")
