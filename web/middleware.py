"""What holds for every request, whatever view answers it: hosts, origins, sizes and headers."""

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harness.services.suites import MAX_ARCHIVE
from web.errors import answer, fault

# Nothing runs and nothing loads but what we serve ourselves.
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
_HEADERS: Final = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_HTTPS_ONLY: Final = "max-age=31536000"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")
_BODY: Final = 1024 * 1024
_UPLOADS: Final = ("/suites", "/api/v1/suites")


class Guard:
    """Refuses foreign hosts, foreign origins and bodies over their cap; adds the headers."""

    def __init__(self, app: ASGIApp, public_url: str, listen: str) -> None:
        self._app = app
        self._https = public_url.startswith("https://")
        bound = listen.rpartition(":")[0]
        named = urlsplit(public_url).hostname if public_url else bound
        self._hosts = frozenset((*_LOCAL, *([named] if named else [])))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = self._with_headers(scope["path"], send)
        request = Request(scope)
        refusal = self._refusal(request)
        if refusal is not None:
            status, code, detail = refusal
            await answer(request, status, code, detail)(scope, receive, send)
            return
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, _limited(receive, cap_of(request.url.path)), sending)
        except Exception as error:  # noqa: BLE001 - the server would log its text
            reply = fault(request, error)
            if not started:
                await reply(scope, receive, send)

    def _refusal(self, request: Request) -> tuple[int, str, str] | None:
        headers = request.headers
        # A probe comes by whatever address its machine knows.
        probe = request.url.path.startswith("/health/")
        if not probe and _host(headers.get("host", "")) not in self._hosts:
            return 400, "host", "this server is not known by that name; see ASSAY_PUBLIC_URL"
        if request.method not in _SAFE and not same_origin(headers, https=self._https):
            return 403, "origin", "sent from another site; nothing was done"
        length = headers.get("content-length", "0")
        cap = cap_of(request.url.path)
        if length.isdecimal() and int(length) > cap:
            return 413, "too_large", f"at most {cap // 1024} KiB may be sent here"
        return None

    def _with_headers(self, path: str, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if not path.startswith("/static/"):
                    headers["cache-control"] = "no-store"
                if self._https:
                    headers["strict-transport-security"] = _HTTPS_ONLY
            await send(message)

        return sending


def cap_of(path: str) -> int:
    """How many bytes may be sent to a path."""
    return MAX_ARCHIVE + _BODY if path in _UPLOADS else _BODY


def same_origin(headers: Headers, *, https: bool) -> bool:
    """Whether a browser says that one of our own pages sent this; programs say nothing.

    No page can forge either header. Every browser in use sends Origin with a POST from another
    site, "null" where it hides which, so a request with neither comes from a program: it has no
    cookie but its own, and signing a program in as somebody else harms nobody. `https`: people
    reach us by an encrypted address, and a page of the same host that is not comes from others.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin, host = headers.get("origin"), headers.get("host", "")
    if origin is None or (origin == "null" and site == "same-origin"):
        return True
    plain_is_ours = not https or _host(host) in _LOCAL
    return origin == f"https://{host}" or (plain_is_ours and origin == f"http://{host}")


def _host(header: str) -> str:
    """The host of a Host header without its port."""
    name, colon, port = header.rpartition(":")
    return name if colon and port.isdecimal() else header


def _limited(receive: Receive, cap: int) -> Receive:
    """Refuse a body that turns out to be too large while it arrives.

    Starlette's own limit answers in plain text, whoever asks.
    """
    seen = 0

    async def receiving() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > cap:
            raise HTTPException(413, headers={"connection": "close"})
        return message

    return receiving
