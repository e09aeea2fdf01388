"""People, for the operator: who acts for whom, one-time links, and shutting somebody out.

A link is shown on the page that answers the request which made it, and never again.
"""

from collections.abc import Callable
from typing import Any, Final

from fastapi import Request, Response

from harness.errors import Conflict, InvalidInput, NotFound
from harness.paging import Window
from harness.services.access import Thing, check
from harness.services.parties import catalog, people
from harness.services.parties.people import Member
from web.auth import Visitor
from web.branch import Branch
from web.dependencies import AtDesk, Desk
from web.forms import Form, OwnForm
from web.rendering import render, see_other

router = Branch(prefix="/people")

_PERSON: Final = Thing("person")
_ALL: Final = Window(1000)
_HOUR_S: Final = 3600


@router.get("")
def list_people(request: Request, at: AtDesk, visitor: Visitor, said: str = "") -> Response:
    """Everybody, by login."""
    with at.platform.database.read() as session:
        found = people.members(session, visitor.actor)
    flash = [("good", "Done: they can sign in no more.")] if said == "out" else []
    return render(request, "people.html", rows=found, flash=flash)


@router.get("/new")
def ask_person(request: Request, at: AtDesk, visitor: Visitor) -> Response:
    """The form for somebody else."""
    return _form_page(request, at, visitor, None, 200)


@router.post("/new")
def add_person(request: Request, at: AtDesk, visitor: Visitor, form: OwnForm) -> Response:
    """Let somebody act for an organisation; shows their one-time link."""
    login = people.clean_login(form.text("login")) or form.text("login")
    try:
        with at.platform.database.write() as session:
            secret = people.add(
                session,
                at.platform,
                visitor.actor,
                login,
                form.text("name"),
                form.text("organisation"),
            )
    except InvalidInput as error:
        form.refuse(error)
        return _form_page(request, at, visitor, form, 422)
    except Conflict as error:
        form.errors["login"] = str(error)
        return _form_page(request, at, visitor, form, 409)
    return _link_page(request, at, login, secret)


@router.get("/{login}/link")
def ask_link(request: Request, at: AtDesk, visitor: Visitor, login: str) -> Response:
    """Ask once, by name, before somebody starts anew."""
    return render(request, "person_link.html", person=_member(at, visitor, login))


@router.post("/{login}/link")
def give_link(request: Request, at: AtDesk, visitor: Visitor, login: str, _: OwnForm) -> Response:
    """Take the password away and show a one-time link."""
    return _link_page(request, at, login, _change(at, visitor, people.new_link, login))


@router.get("/{login}/shut-out")
def ask_shut_out(request: Request, at: AtDesk, visitor: Visitor, login: str) -> Response:
    """Ask once, by name, before somebody is shut out."""
    return render(request, "person_shut_out.html", person=_member(at, visitor, login))


@router.post("/{login}/shut-out")
def shut_out(at: AtDesk, visitor: Visitor, login: str, _: OwnForm) -> Response:
    """End all access of a person at once."""
    _change(at, visitor, people.shut_out, login)
    return see_other("/people?said=out")


@router.get("/{login}/let-in")
def ask_let_in(request: Request, at: AtDesk, visitor: Visitor, login: str) -> Response:
    """Say what letting somebody in again means."""
    person = _member(at, visitor, login, disabled=True)
    return render(request, "person_let_in.html", person=person)


@router.post("/{login}/let-in")
def let_in(request: Request, at: AtDesk, visitor: Visitor, login: str, _: OwnForm) -> Response:
    """Let somebody in again, with a one-time link."""
    return _link_page(request, at, login, _change(at, visitor, people.let_in, login))


def _change(at: Desk, visitor: Visitor, act: Callable[..., Any], login: str) -> Any:
    with at.platform.database.write() as session:
        return act(session, at.platform, visitor.actor, login)


def _member(at: Desk, visitor: Visitor, login: str, *, disabled: bool = False) -> Member:
    with at.platform.database.read() as session:
        found = people.members(session, visitor.actor)
    for one in found:
        if one.login == login and one.disabled == disabled:
            return one
    raise NotFound("nobody of that login for whom this could be done")


def _form_page(
    request: Request, at: Desk, visitor: Visitor, form: Form | None, status: int
) -> Response:
    check(visitor.actor, "add", _PERSON)
    with at.platform.database.read() as session:
        known = catalog.organisations(session, visitor.actor, _ALL).rows
    choices = [(row.name, f"{row.name} ({row.role})") for row in known]
    return render(request, "person_new.html", status, form=form, organisations=choices)


def _link_page(request: Request, at: Desk, login: str, secret: str) -> Response:
    # The request's own address is one of those that web.middleware lets pass.
    base = at.platform.settings.public_url or str(request.base_url).rstrip("/")
    return render(
        request,
        "person_invited.html",
        login=login,
        url=f"{base}/sign-in/{secret}",
        hours=people.LINK_S // _HOUR_S,
    )
