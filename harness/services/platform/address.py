"""Where the web is: the address that it listens on and the one that people type."""

import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

from harness.config import Settings
from harness.services.platform.findings import Finding

_ANSWER_S: Final = 2.0
_ASK: Final = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
_ALIVE: Final = b'"status":"live"'
_LONGEST: Final = 4096


def listen_at(settings: Settings) -> tuple[str, int]:
    """Host and port of ASSAY_LISTEN; port 0 stands for any free one."""
    host, _, port = settings.listen.rpartition(":")
    return host.strip("[]"), int(port)


def public_url(settings: Settings, port: int) -> str:
    """What people type, for a web that listens on `port`."""
    return settings.public_url or f"http://{settings.listen.rpartition(':')[0]}:{port}"


def link(settings: Settings, port: int, secret: str) -> str:
    """Where a one-time link signs somebody in."""
    return public_url(settings, port) + link_path(secret)


def link_path(secret: str) -> str:
    """The same below the address of whichever server serves it."""
    return f"/sign-in/{secret}"


def local(host: str) -> bool:
    """Whether only this machine can reach a host of that name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def exposed(settings: Settings) -> str:
    """Why passwords would cross a network in clear text; empty when they would not."""
    if settings.public_url.startswith("https://"):
        return ""
    if settings.public_url and not local(urlsplit(settings.public_url).hostname or ""):
        return (
            "ASSAY_PUBLIC_URL: passwords would be sent in clear text; put a proxy with "
            "https in front and name its https:// address here"
        )
    if not local(listen_at(settings)[0]):
        return (
            "ASSAY_LISTEN: other machines would send passwords in clear text; listen on "
            "127.0.0.1, or name the https:// address of a proxy in front by ASSAY_PUBLIC_URL"
        )
    return ""


def cookies(settings: Settings) -> Finding:
    """How browsers keep a session."""
    if trouble := exposed(settings):
        return Finding("cookies", False, "sent in clear text between machines", trouble)
    if settings.public_url.startswith("https://"):
        return Finding("cookies", True, "bound to the host, over https only")
    return Finding("cookies", True, "plain http, without Secure: for this machine only")


def web(settings: Settings) -> Finding:
    """Whether the web answers where it should, and whether somebody else does."""
    host, port = listen_at(settings)
    if port == 0:
        return Finding("web", True, "takes a free port at each start")
    try:
        answer = _ask("127.0.0.1" if host == "0.0.0.0" else host, port)  # noqa: S104 - compared
    except OSError:
        return Finding("web", False, f"nobody answers on {settings.listen}", "assay serve")
    if _ALIVE not in answer:
        return Finding(
            "web",
            False,
            f"another program has port {port}",
            "stop it, or choose another port by ASSAY_LISTEN",
        )
    return Finding("web", True, f"answers on {settings.listen}")


def _ask(host: str, port: int) -> bytes:
    with socket.create_connection((host, port), _ANSWER_S) as stream:
        stream.sendall(_ASK)
        answer = b""
        while len(answer) < _LONGEST and (part := stream.recv(_LONGEST)):
            answer += part
    return answer
