"""Every answer of the gateway's own, word for word. None has a place for anyone's text."""

import json
from typing import NamedTuple


class Answer(NamedTuple):
    """One constant reply, ready to be written: on a connection that stays, and on one that ends."""

    keep: bytes
    close: bytes


def _render(status: str, body: bytes) -> Answer:
    lines = [f"HTTP/1.1 {status}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    elif not status.startswith("204"):
        lines.append("Content-Length: 0")
    head = "\r\n".join(lines).encode()
    return Answer(head + b"\r\n\r\n" + body, head + b"\r\nConnection: close\r\n\r\n" + body)


def _error(status: str, kind: str, code: str, message: str) -> Answer:
    error = {"message": message, "type": kind, "param": None, "code": code}
    return _render(status, json.dumps({"error": error}, separators=(",", ":")).encode())


_BAD = "invalid_request_error"

NO_CONTENT = _render("204 No Content", b"")
MALFORMED = _error(
    "400 Bad Request", _BAD, "malformed", "The request has a form the gateway does not accept."
)
UNKNOWN_ROLE = _error(
    "400 Bad Request", _BAD, "unknown_role", "The model is not a role of the protocol."
)
NOT_AGREED = _error(
    "400 Bad Request", _BAD, "not_agreed", "A parameter differs from what the protocol agrees."
)
BAD_SCORE = _error("400 Bad Request", _BAD, "bad_score", "The score row breaks a rule.")
BAD_END = _error("400 Bad Request", _BAD, "bad_end", "The end record breaks a rule.")
DENIED = _error(
    "402 Payment Required", "denied", "denied", "The protocol's budget or window is exhausted."
)
NOT_FOUND = _error("404 Not Found", _BAD, "not_found", "There is nothing at this path.")
WRONG_METHOD = _error(
    "405 Method Not Allowed", _BAD, "method", "This path does not take this method."
)
TOO_SLOW = _error("408 Request Timeout", _BAD, "too_slow", "The request took too long to arrive.")
CLOSED = _error("410 Gone", _BAD, "closed", "The run takes nothing more.")
TOO_LARGE = _error("413 Content Too Large", _BAD, "too_large", "The body is too large.")
HEAD_TOO_LARGE = _error(
    "431 Request Header Fields Too Large", _BAD, "head_too_large", "The header is too large."
)
VENDOR_FAILED = _error(
    "502 Bad Gateway", "vendor_error", "vendor_failed", "The model's endpoint failed."
)
BUSY = _error("503 Service Unavailable", "busy", "busy", "The gateway holds too much already.")
WRONG_VERSION = _error(
    "505 HTTP Version Not Supported", _BAD, "version", "The gateway speaks HTTP/1.1."
)

STREAM_BROKEN = (
    b'data: {"error":{"message":"The model\'s endpoint failed.","type":"vendor_error",'
    b'"param":null,"code":"vendor_failed"}}\n\n'
)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"


def models(roles: tuple[str, ...]) -> Answer:
    """Return the list of models: the roles of the protocol."""
    data = [{"id": r, "object": "model", "created": 0, "owned_by": "protocol"} for r in roles]
    return _render("200 OK", json.dumps({"object": "list", "data": data}).encode())


def whole(body: bytes, *, keep: bool) -> bytes:
    """Return a JSON reply that was rebuilt from known fields."""
    close = b"" if keep else b"Connection: close\r\n"
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n%b"
        % (close, len(body), body)
    )


def chunk(data: bytes) -> bytes:
    """Return one chunk of a chunked body (RFC 9112, 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)
