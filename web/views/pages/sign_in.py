"""Signing in by password or by a one-time link, and out again.

Nobody is signed in yet where a form is posted here, so it carries no token of a session: what
protects it is that browsers say which site a form comes from (web.middleware).
"""

import math
import re
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from harness.errors import InvalidInput, TooManyAttempts
from harness.services.parties import sessions
from web.auth import MaybeVisit, carried, check_form, drop_cookie, set_cookie
from web.dependencies import AtDesk, Desk, Source
from web.forms import AnyForm, Form
from web.rendering import render, see_other

router = APIRouter()

# Characters that no browser reads as anything but a path on this very host. Two slashes at the
# beginning, a backslash, a line break or a percent sign might lead elsewhere.
_LOCAL: Final = re.compile(r"(/[A-Za-z0-9._~:@+-]+)+/?")
_LONGEST: Final = 300
_SAID: Final = {"out": [("good", "You are signed out.")]}
# The page's address is the secret: it is sent to nobody, not even to ourselves. With
# "no-referrer" a browser would also hide from us that the form came from our own page.
_DISCREET: Final = {"referrer-policy": "strict-origin"}


def local_path(text: str) -> str:
    """Where to go after signing in: the path that was asked for, if it is one of ours."""
    return text if len(text) <= _LONGEST and _LOCAL.fullmatch(text) else "/"


@router.get("/sign-in")
def ask(
    request: Request,
    visitor: MaybeVisit,
    then: Annotated[str, Query(alias="next")] = "",
    said: str = "",
) -> Response:
    """The form for login and password."""
    if visitor is not None:
        return see_other(local_path(then))
    return _form_page(request, 200, None, local_path(then), flash=_SAID.get(said, []))


@router.post("/sign-in")
def sign_in(request: Request, at: AtDesk, source: Source, form: AnyForm) -> Response:
    """Sign in by password: a new session, and the old one of this browser ends."""
    then = local_path(form.text("next"))
    url = at.platform.settings.public_url
    try:
        secret = sessions.sign_in(at.platform, *_typed(form), source, old=carried(request, url))
    except InvalidInput as error:
        form.refuse(error)
        return _form_page(request, 422, form, then)
    except TooManyAttempts as error:
        page = _form_page(request, 429, form, then, wait_s=error.retry_after_s)
        page.headers["retry-after"] = str(error.retry_after_s)
        return page
    return _signed_in(at, then, secret)


@router.get("/sign-in/{secret}")
def show_link(request: Request, at: AtDesk, _: MaybeVisit, secret: str) -> Response:
    """Whom a link signs in. Looking uses nothing up: programs that preview links only look."""
    return _link_page(request, at, secret)


@router.post("/sign-in/{secret}")
def use_link(request: Request, at: AtDesk, _: MaybeVisit, secret: str) -> Response:
    """Sign in by a one-time link, which is used up."""
    old = carried(request, at.platform.settings.public_url)
    try:
        with at.platform.database.write() as session:
            fresh = sessions.sign_in_by_link(session, at.platform, secret, old=old)
            signed = sessions.look(session, at.platform, fresh)
    except InvalidInput:
        return _link_page(request, at, secret)
    new_here = signed is not None and not signed.has_password
    return _signed_in(at, "/account?said=welcome" if new_here else "/", fresh)


@router.post("/sign-out")
def sign_out(at: AtDesk, visitor: MaybeVisit, form: AnyForm) -> Response:
    """End this browser's session."""
    if visitor is not None:
        check_form(visitor, form.values.get("csrf", ""))
        with at.platform.database.write() as session:
            sessions.sign_out(session, at.platform, visitor.secret)
    reply = see_other("/sign-in?said=out")
    drop_cookie(reply, at.platform.settings.public_url)
    return reply


def _typed(form: Form) -> tuple[str, str]:
    """Login and password. Raises InvalidInput when one is missing; then no attempt is counted."""
    login, password = form.text("login"), form.values.get("password", "")
    missing = []
    if not login:
        missing.append("login: enter your login")
    if not password:
        missing.append("password: enter your password")
    if missing:
        raise InvalidInput(missing)
    return login, password


def _form_page(
    request: Request,
    status: int,
    form: Form | None,
    then: str,
    *,
    wait_s: int = 0,
    flash: Sequence[tuple[str, str]] = (),
) -> Response:
    minutes = math.ceil(wait_s / 60)
    return render(
        request, "sign_in.html", status, form=form, then=then, wait_minutes=minutes, flash=flash
    )


def _link_page(request: Request, at: Desk, secret: str) -> Response:
    with at.platform.database.read() as session:
        found = sessions.invited(session, at.platform, secret)
    status = 410 if found is None else 200
    page = render(request, "sign_in_link.html", status, invited=found, action=request.url.path)
    page.headers.update(_DISCREET)
    return page


def _signed_in(at: Desk, path: str, secret: str) -> Response:
    settings = at.platform.settings
    reply = see_other(path)
    set_cookie(reply, settings.public_url, secret, settings.session_hours)
    return reply
