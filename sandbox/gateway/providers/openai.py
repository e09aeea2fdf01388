"""Vendors that speak OpenAI's Chat Completions, and the many servers that speak it too."""

from sandbox.gateway.providers.base import Route, locate
from sandbox.spec import ModelEndpoint

DIALECT = "openai.chat_completions"


def route(endpoint: ModelEndpoint, credential: str) -> Route:
    """Prepare the constant part of every request. Raises GrantInvalid.

    An empty credential sends no Authorization header, for servers that have none.
    """
    address, host, prefix = locate(endpoint)
    lines = [
        f"POST {prefix}/chat/completions HTTP/1.1",
        f"Host: {host}",
        "Accept: application/json, text/event-stream",
        "Accept-Encoding: identity",
        "Content-Type: application/json",
        "User-Agent: assay",
    ]
    if credential:
        lines.append(f"Authorization: Bearer {credential}")
    lines.append("Content-Length: ")
    return Route(address, endpoint.model, "\r\n".join(lines).encode("ascii"))
