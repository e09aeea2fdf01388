"""Who asks: a browser by its session cookie, a program by its token; never one by the other's.

A page's forms carry a token derived from the session's secret: another site can neither read it
nor make it. It also names the organisation that the page was made for: a form in a forgotten tab
is never sent in the name of another one.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from harness.errors import NotAllowed, NotSignedIn
from harness.services.access import Actor
from harness.services.parties import sessions, tokens
from harness.services.parties.sessions import SignedIn
from web.dependencies import AtDesk, Source

_SECURE: Final = "__Host-assay"
_PLAIN: Final = "assay_session"
_bearer = HTTPBearer(auto_error=False, description="A token from the account page.")


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser's request: who is signed in, and the secret of the session."""

    signed: SignedIn
    secret: str

    @property
    def actor(self) -> Actor:
        """Whom the reader acts for. Raises NotAllowed for somebody without an organisation."""
        if self.signed.actor is None:
            raise NotAllowed("you act for no organisation yet; the operator can change that")
        return self.signed.actor


def cookie_name(public_url: str) -> str:
    """The session cookie's name: bound to its host where the connection is encrypted."""
    return _SECURE if public_url.startswith("https://") else _PLAIN


def set_cookie(response: Response, public_url: str, secret: str, hours: int) -> None:
    """Give a browser its session."""
    response.set_cookie(
        cookie_name(public_url),
        secret,
        max_age=hours * 3600,
        path="/",
        secure=public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def drop_cookie(response: Response, public_url: str) -> None:
    """Take a browser's session away."""
    response.delete_cookie(
        cookie_name(public_url),
        path="/",
        secure=public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def carried(request: Request, public_url: str) -> str:
    """The secret of the session that a browser brings, whatever it is worth; empty for none."""
    return request.cookies.get(cookie_name(public_url), "")


def csrf_of(found: Visit) -> str:
    """What every form of this session carries while it acts for this organisation."""
    actor = found.signed.actor
    about = f"assay form\n{'' if actor is None else actor.organisation}"
    return hmac.new(found.secret.encode(), about.encode(), hashlib.sha256).hexdigest()


def maybe_visit(request: Request, at: AtDesk) -> Visit | None:
    """Who is behind this browser, if anybody; remembered for the page's head."""
    secret = carried(request, at.platform.settings.public_url)
    if not secret:
        return None
    with at.platform.database.read() as session:
        signed = sessions.look(session, at.platform, secret)
    if signed is None:
        return None
    found = Visit(signed, secret)
    request.state.signed = signed
    request.state.csrf = csrf_of(found)
    return found


MaybeVisit = Annotated[Visit | None, Depends(maybe_visit)]


async def visit(found: MaybeVisit) -> Visit:
    """Who is behind this browser. Raises NotSignedIn."""
    if found is None:
        raise NotSignedIn("sign in first")
    return found


Visitor = Annotated[Visit, Depends(visit)]


def program(
    at: AtDesk,
    source: Source,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Actor:
    """Whom a program acts for. Raises NotSignedIn."""
    if credentials is None:
        raise NotSignedIn("a token is needed: Authorization: Bearer …")
    return tokens.actor_of(at.platform, credentials.credentials, source)


Program = Annotated[Actor, Depends(program)]


def check_form(found: Visit, token: str) -> None:
    """Raise NotAllowed unless a form was made for this session."""
    if not hmac.compare_digest(token.encode(), csrf_of(found).encode()):
        raise NotAllowed(
            "this form belongs to another session or organisation; nothing was done: "
            "go back, reload the page and try again"
        )
