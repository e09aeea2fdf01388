"""One's own account: whom one acts for, the password, other browsers, and API tokens."""

from typing import Final

from fastapi import Request, Response

from harness.errors import InvalidInput
from harness.services.parties import passwords, sessions, tokens
from web.auth import Visitor
from web.branch import Branch
from web.dependencies import AtDesk, Desk
from web.forms import Form, OwnForm
from web.rendering import render, see_other

router = Branch(prefix="/account")

_DAYS: Final = 90
_SAID: Final = {
    "welcome": (
        "info",
        "You are signed in. Set a password now: the link that brought you here is used up.",
    ),
    "organisation": ("good", "You act for another organisation now."),
    "password": ("good", "The password is set. Every other session and sign-in link has ended."),
    "sessions": ("good", "All other sessions have ended."),
    "revoked": ("good", "The token is revoked; it stopped working at once."),
}


@router.get("")
def account(request: Request, at: AtDesk, visitor: Visitor, said: str = "") -> Response:
    """Everything about the reader."""
    flash = [_SAID[said]] if said in _SAID else []
    return _page(request, at, visitor, flash=flash)


@router.post("/organisation")
def act_for(at: AtDesk, visitor: Visitor, form: OwnForm) -> Response:
    """Act for another of the reader's organisations. Raises NotFound for any other."""
    with at.platform.database.write() as session:
        sessions.act_for(session, at.platform, visitor.secret, form.text("organisation"))
    return see_other("/account?said=organisation")


@router.post("/password")
def set_password(request: Request, at: AtDesk, visitor: Visitor, form: OwnForm) -> Response:
    """Set the password, or change it with the present one."""
    try:
        current, new = _typed(form)
        passwords.change(at.platform, visitor.signed.login, current, new, visitor.secret)
    except InvalidInput as error:
        form.refuse(error)
        return _page(request, at, visitor, 422, password_form=form)
    return see_other("/account?said=password")


@router.post("/sessions")
def end_sessions(at: AtDesk, visitor: Visitor, _: OwnForm) -> Response:
    """End the reader's sessions in all other browsers."""
    with at.platform.database.write() as session:
        sessions.end_others(session, at.platform, visitor.signed.login, visitor.secret)
    return see_other("/account?said=sessions")


@router.post("/tokens")
def add_token(request: Request, at: AtDesk, visitor: Visitor, form: OwnForm) -> Response:
    """Make a token. This reply is the one place where its secret is ever shown."""
    try:
        days = form.number("days", _DAYS)
        scopes = form.text("scopes").split()
        with at.platform.database.write() as session:
            token, secret = tokens.issue(
                session, at.platform, visitor.actor, form.text("name"), scopes, days
            )
    except InvalidInput as error:
        form.refuse(error)
        return _page(request, at, visitor, 422, token_form=form)
    return render(request, "account_token.html", token=token, secret=secret)


@router.get("/tokens/{token_id}/revoke")
def ask_revoke(request: Request, at: AtDesk, visitor: Visitor, token_id: str) -> Response:
    """Ask once, by name, before a token is revoked."""
    with at.platform.database.read() as session:
        token = tokens.find(session, visitor.actor, token_id)
    return render(request, "account_revoke.html", token=token)


@router.post("/tokens/{token_id}/revoke")
def revoke(at: AtDesk, visitor: Visitor, token_id: str, _: OwnForm) -> Response:
    """End one of the reader's tokens."""
    with at.platform.database.write() as session:
        tokens.revoke(session, at.platform, visitor.actor, token_id)
    return see_other("/account?said=revoked")


def _typed(form: Form) -> tuple[str, str]:
    """The present password and the new one. Raises InvalidInput when that was mistyped."""
    new = form.values.get("password", "")
    if new != form.values.get("again", ""):
        raise InvalidInput("again: not the same as the new password")
    return form.values.get("current", ""), new


def _page(
    request: Request,
    at: Desk,
    visitor: Visitor,
    status: int = 200,
    *,
    password_form: Form | None = None,
    token_form: Form | None = None,
    flash: list[tuple[str, str]] | None = None,
) -> Response:
    signed = visitor.signed
    with at.platform.database.read() as session:
        own = [] if signed.actor is None else tokens.own(session, at.platform, signed.actor)
        others = sessions.others(session, at.platform, signed.login, visitor.secret)
    return render(
        request,
        "account.html",
        status,
        choices=[(name, name) for name in signed.organisations],
        tokens=own,
        others=others,
        days=_DAYS,
        most_days=tokens.MOST_DAYS,
        least=passwords.LEAST,
        password_form=password_form,
        token_form=token_form,
        flash=flash or [],
    )
